// The contract of a device: something that runs batches, with what can be read about it. How a model gets onto it is
// the loader's matter, how it is doing the manager's. `conformance/device` is the suite that every kind passes.

export type DeviceKind = "cpu" | "gpu" | "simulated";

export interface DeviceMemory {
	readonly totalBytes: number;
	readonly usedBytes: number;
}

export interface Device {
	/** Unique in a server; a metric label. */
	readonly name: string;
	readonly kind: DeviceKind;
	/** Of the hardware, e.g. `GPU-6f3c…`; null where there is none. */
	readonly uuid: string | null;
	/** The number by which CUDA knows it; null for what is no GPU. */
	readonly cudaIndex: number | null;
	/** Cores that its runs share; 0: none of this machine's. */
	readonly threadCount: number;
	/** Those that its runs stay on. @default wherever the system puts them */
	readonly cores?: readonly number[];
	/** Null: not known. */
	memory(): DeviceMemory | null;
	/** Busy share, 0 to 1, by its own measurement; null: only its runs tell. */
	utilization(): number | null;
}
