// An NVIDIA GPU. What it tells is what was read of it last: asking the driver may take it some ms, in which nobody is to
// wait. Whoever asks when that is old has it read anew.
import type { Clock } from "../common/clock.ts";
import type { Device, DeviceMemory } from "./device.ts";
import type { GpuFacts, GpuReadings, Nvml } from "./nvml.ts";
import { type VisibleVariables, visibleGpus } from "./visible-devices.ts";

const KEPT_FOR_US = 500_000;

export class GpuDevice implements Device {
	readonly kind = "gpu";
	readonly threadCount = 0;
	readonly name: string;
	readonly uuid: string | null;
	readonly cudaIndex: number;
	readonly #read: (() => Promise<GpuReadings>) | null;
	readonly #clock: Clock;
	#readings: GpuReadings | null = null;
	#readUs = Number.NEGATIVE_INFINITY;
	#reading: Promise<void> | null = null;

	/** @param read null: the driver's library is not there, as on boards whose GPU is part of the chip */
	constructor(
		cudaIndex: number,
		uuid: string | null,
		clock: Clock,
		read: (() => Promise<GpuReadings>) | null,
	) {
		this.name = `gpu${cudaIndex}`;
		this.uuid = uuid;
		this.cudaIndex = cudaIndex;
		this.#clock = clock;
		this.#read = read;
	}

	/** At most half a second older than the ask before this one; null before the first were read. */
	readings(): GpuReadings | null {
		if (this.#clock.nowUs() - this.#readUs > KEPT_FOR_US) void this.refresh();
		return this.#readings;
	}

	/** Resolves when it was read. */
	refresh(): Promise<void> {
		this.#reading ??= this.#readAnew();
		return this.#reading;
	}

	async #readAnew(): Promise<void> {
		this.#readUs = this.#clock.nowUs();
		if (this.#read !== null) this.#readings = await this.#read();
		this.#reading = null;
	}

	memory(): DeviceMemory | null {
		const { totalBytes = null, usedBytes = null } = this.readings() ?? {};
		return totalBytes === null || usedBytes === null
			? null
			: { totalBytes, usedBytes };
	}

	utilization(): number | null {
		return this.readings()?.utilization ?? null;
	}
}

/** The GPUs that this process may use, numbered as CUDA numbers them. */
export function findGpus(
	nvml: Nvml | null,
	variables: VisibleVariables,
	clock: Clock,
): { readonly devices: GpuDevice[]; readonly warnings: readonly string[] } {
	if (nvml === null) return { devices: [], warnings: [] };
	const { gpus, warnings } = visibleGpus<GpuFacts>(nvml.gpus, variables);
	const devices = gpus.map(
		({ index, uuid }, cudaIndex) =>
			new GpuDevice(cudaIndex, uuid, clock, () => nvml.read(index)),
	);
	// So that there is something to tell when it is first asked for.
	for (const device of devices) void device.refresh();
	return { devices, warnings };
}
