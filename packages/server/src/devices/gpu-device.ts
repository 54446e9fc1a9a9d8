// An NVIDIA GPU. What is read of it is kept for a moment: asking the driver takes it some time, and a scrape asks for
// several things at once.
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
	readonly #read: (() => GpuReadings) | null;
	readonly #clock: Clock;
	#readings: GpuReadings | null = null;
	#readUs = Number.NEGATIVE_INFINITY;

	/** @param read null: the driver's library is not there, as on boards whose GPU is part of the chip */
	constructor(
		cudaIndex: number,
		uuid: string | null,
		clock: Clock,
		read: (() => GpuReadings) | null,
	) {
		this.name = `gpu${cudaIndex}`;
		this.uuid = uuid;
		this.cudaIndex = cudaIndex;
		this.#clock = clock;
		this.#read = read;
	}

	readings(): GpuReadings | null {
		if (this.#read === null) return null;
		const nowUs = this.#clock.nowUs();
		if (this.#readings === null || nowUs - this.#readUs > KEPT_FOR_US) {
			this.#readings = this.#read();
			this.#readUs = nowUs;
		}
		return this.#readings;
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
	return { devices, warnings };
}
