// The sensors of the claim about polling, as memory that a thread of their own writes to: what a driver's registers are
// to the software that reads them. A poller looks at the counters whenever it likes; an interrupt line says that some
// changed, and a queue says which.
//
//   state    │ raised │ queue end │ stop │
//   counters │ sensor 0 │ sensor 1 │ …      readings so far
//   queue    │ index │ index │ …            of the newest changes, as a ring
//   stamps   │ sensor 0 │ …                 CLOCK_MONOTONIC of the newest reading, ns
//   values   │ sensor 0 │ …

export interface SensorMemory {
	readonly state: Int32Array<SharedArrayBuffer>;
	readonly counters: Int32Array<SharedArrayBuffer>;
	readonly queue: Int32Array<SharedArrayBuffer>;
	readonly stamps: BigInt64Array<SharedArrayBuffer>;
	readonly values: Float64Array<SharedArrayBuffer>;
}

export const STATE = { raised: 0, queueEnd: 1, isOver: 2 } as const;
/** More than change between two looks at the queue. */
export const QUEUE_LENGTH = 4096;

export function createSensorMemory(count: number): SensorMemory {
	const of = (byteLength: number) => new SharedArrayBuffer(byteLength);
	return {
		state: new Int32Array(of(12)),
		counters: new Int32Array(of(4 * count)),
		queue: new Int32Array(of(4 * QUEUE_LENGTH)),
		stamps: new BigInt64Array(of(8 * count)),
		values: new Float64Array(of(8 * count)),
	};
}

export function sensorId(index: number): string {
	return `sensor-${index}`;
}
