// The runs of one scheduler, as they are charged to its share of a device that others use too.
import type { DeviceShare } from "./device-arbiter.ts";

export class SharedRuns {
	/** Null: the device is its own, and nothing is asked or charged. */
	readonly #share: DeviceShare | null;
	/** By lane: the run that is in it. */
	readonly #runs: { startUs: number; predictedUs: number; device: number }[];

	constructor(share: DeviceShare | null, laneCount: number) {
		this.#share = share;
		this.#runs = Array.from({ length: laneCount }, () => ({
			startUs: 0,
			predictedUs: 0,
			device: 0,
		}));
	}

	get areShared(): boolean {
		return this.#share !== null;
	}

	/** See `DeviceShare.tryStart`; then `started` or `notStarted` must follow. */
	tryStart(
		dueUs: number,
		predictedUs: number,
		nowUs: number,
		device: number,
	): boolean {
		return this.#share?.tryStart(dueUs, predictedUs, nowUs, device) ?? true;
	}

	started(
		lane: number,
		predictedUs: number,
		nowUs: number,
		device: number,
	): void {
		const run = this.#runs[lane]!;
		run.startUs = nowUs;
		run.predictedUs = predictedUs;
		run.device = device;
	}

	/** It might have started, and there was nothing to run after all. */
	notStarted(predictedUs: number, device: number): void {
		this.#share?.finished(predictedUs, 0, device);
	}

	ended(lane: number, nowUs: number): void {
		const { startUs, predictedUs, device } = this.#runs[lane]!;
		this.#share?.finished(predictedUs, nowUs - startUs, device);
	}

	/** Others may have what came free, and was not taken since `ended`. */
	settle(): void {
		this.#share?.settle();
	}

	close(): void {
		this.#share?.close();
	}
}
