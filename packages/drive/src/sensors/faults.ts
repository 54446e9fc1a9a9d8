// What goes wrong between a sensor and whoever listens, on demand: readings that get lost, late ones, a clock that steps,
// and a link that holds everything back and then lets it all go at once.
//
// Readings that wait are copied, since those who made them go on; nothing else is changed but their stamps.
import { createImage, createPoints } from "@saccade/perception";
import type { Random } from "../random.ts";
import type {
	ImuReading,
	PathReading,
	PictureReading,
	SensorName,
	SensorReadings,
	SensorSink,
	SpeedReading,
	SweepReading,
} from "./readings.ts";

interface Window {
	readonly fromS: number;
	readonly untilS: number;
	/** Which sensors. @default all */
	readonly sensors?: readonly SensorName[];
}

export type Fault =
	/** Each reading gets lost with this probability; 1: the sensor is dead. */
	| (Window & { readonly kind: "dropout"; readonly probability: number })
	/** Each reading is late by its own time, up to this; they may overtake each other. */
	| (Window & { readonly kind: "jitter"; readonly upToS: number })
	/** The stamps are wrong by this. */
	| (Window & { readonly kind: "clock-step"; readonly byS: number })
	/** All readings wait for the end of the window. */
	| (Window & { readonly kind: "burst" });

interface Waiting {
	readonly atUs: number;
	readonly order: number;
	readonly deliver: () => void | Promise<void>;
}

/** A sink before a sink. `advance` lets out what is due, and has to be called as time goes on. */
export class FaultySink implements SensorSink {
	readonly #sink: SensorSink;
	readonly #faults: readonly Fault[];
	readonly #random: Random;
	readonly #waiting: Waiting[] = [];
	#nowUs = 0;
	#order = 0;
	readonly picture?: (reading: PictureReading) => void | Promise<void>;

	constructor(sink: SensorSink, faults: readonly Fault[], random: Random) {
		this.#sink = sink;
		this.#faults = faults;
		this.#random = random;
		// Who wants no pictures is offered none.
		if (sink.picture !== undefined)
			this.picture = (reading) => this.#pass("picture", reading);
	}

	/** Readings that wait. */
	get waitingCount(): number {
		return this.#waiting.length;
	}

	imu(reading: ImuReading): void {
		// These answer nothing to wait for.
		void this.#pass("imu", reading);
	}

	speed(reading: SpeedReading): void {
		// These answer nothing to wait for.
		void this.#pass("speed", reading);
	}

	path(reading: PathReading): void {
		// These answer nothing to wait for.
		void this.#pass("path", reading);
	}

	sweep(reading: SweepReading): void | Promise<void> {
		return this.#pass("sweep", reading);
	}

	/** It is `nowUs`: delivers what is due, oldest first. Call it before the readings of that instant. */
	async advance(nowUs: number): Promise<void> {
		this.#nowUs = nowUs;
		const due = this.#waiting
			.filter(({ atUs }) => atUs <= nowUs)
			.sort((a, b) => a.atUs - b.atUs || a.order - b.order);
		for (const one of due) this.#waiting.splice(this.#waiting.indexOf(one), 1);
		for (const { deliver } of due) await deliver();
	}

	#pass<Name extends SensorName>(
		name: Name,
		reading: SensorReadings[Name],
	): void | Promise<void> {
		let stampUs = reading.stampUs;
		let atUs = this.#nowUs;
		for (const fault of this.#faults) {
			if (!isActive(fault, name, this.#nowUs)) continue;
			switch (fault.kind) {
				case "dropout":
					if (this.#random.chance(fault.probability)) return;
					break;
				case "jitter":
					atUs += Math.round(1e6 * fault.upToS * this.#random.next());
					break;
				case "clock-step":
					stampUs += Math.round(1e6 * fault.byS);
					break;
				case "burst":
					atUs = Math.max(atUs, Math.round(1e6 * fault.untilS));
					break;
			}
		}
		const stamped =
			stampUs === reading.stampUs ? reading : { ...reading, stampUs };
		if (atUs <= this.#nowUs) return tell(this.#sink, name, stamped);
		const kept = copyOf(stamped);
		this.#waiting.push({
			atUs,
			order: this.#order++,
			deliver: () => tell(this.#sink, name, kept),
		});
	}
}

function isActive(fault: Fault, name: SensorName, nowUs: number): boolean {
	const isTime = nowUs >= 1e6 * fault.fromS && nowUs < 1e6 * fault.untilS;
	return (
		isTime && (fault.sensors === undefined || fault.sensors.includes(name))
	);
}

function tell<Name extends SensorName>(
	sink: SensorSink,
	name: Name,
	reading: SensorReadings[Name],
): void | Promise<void> {
	// The name and the reading belong together, which the union of both does not say.
	const method = sink[name] as
		| ((
				this: SensorSink,
				reading: SensorReadings[Name],
		  ) => void | Promise<void>)
		| undefined;
	return method?.call(sink, reading);
}

/** With its own arrays. */
function copyOf<Reading extends object>(reading: Reading): Reading {
	if ("points" in reading) {
		const { points } = reading as unknown as SweepReading;
		const copy = createPoints(points.count, {
			withTimes: points.timesS !== null,
		});
		copy.count = points.count;
		copy.xyzi.set(points.xyzi.subarray(0, copy.xyzi.length));
		copy.timesS?.set(points.timesS!.subarray(0, points.count));
		return { ...reading, points: copy };
	}
	if ("image" in reading) {
		const { image } = reading as unknown as PictureReading;
		const { width, height, channels } = image;
		return {
			...reading,
			image: createImage(image.data.slice(), width, height, channels),
		};
	}
	if ("xM" in reading) {
		const path = reading as unknown as PathReading;
		return {
			...reading,
			xM: path.xM.slice(),
			yM: path.yM.slice(),
			yawRad: path.yawRad.slice(),
		};
	}
	return { ...reading };
}
