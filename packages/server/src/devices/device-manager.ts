// The logical devices of a server: what compute there is, how each is doing and how loaded it is.
import type { Clock } from "../common/clock.ts";
import type { Device } from "./device.ts";
import { DeviceHealth } from "./device-health.ts";
import { GpuDevice } from "./gpu-device.ts";
import { LoadWindow, loadScore } from "./load-window.ts";

/** A device as models use it. */
export class LogicalDevice {
	readonly device: Device;
	readonly health: DeviceHealth;
	readonly load = new LoadWindow();
	readonly #clock: Clock;

	constructor(device: Device, clock: Clock) {
		this.device = device;
		this.health = new DeviceHealth(clock);
		this.#clock = clock;
	}

	get name(): string {
		return this.device.name;
	}

	/** 0 to 1: see `loadScore`. */
	score(): number {
		return loadScore(this.device, this.load, this.#clock.nowUs());
	}
}

export interface DeviceManagerOptions {
	readonly clock: Clock;
	/** Whether models that name no device may be put on GPUs: the library has CUDA. @default false */
	readonly hasCuda?: boolean;
	/** Whether a GPU that was not found may be tried: nothing says which there are. @default false */
	readonly mayTryGpus?: boolean;
}

export class DeviceManager {
	/** CPU partitions, then accelerators. */
	readonly devices: readonly LogicalDevice[];
	readonly cpus: readonly LogicalDevice[];
	/** GPUs, and the simulated devices that stand for some: an instance group's `gpus` are positions among these. */
	readonly accelerators: readonly LogicalDevice[];
	readonly #unlisted = new Map<number, LogicalDevice>();
	readonly #options: DeviceManagerOptions;

	/** Throws RangeError when two have the same name. */
	constructor(devices: readonly Device[], options: DeviceManagerOptions) {
		const names = new Set(devices.map(({ name }) => name));
		if (names.size < devices.length)
			throw new RangeError(
				`each device needs a name of its own, got ${devices.map(({ name }) => name).join(", ")}`,
			);
		this.#options = options;
		const logical = devices.map(
			(device) => new LogicalDevice(device, options.clock),
		);
		this.cpus = logical.filter(({ device }) => device.kind === "cpu");
		this.accelerators = logical.filter(({ device }) => device.kind !== "cpu");
		this.devices = [...this.cpus, ...this.accelerators];
	}

	/** By position, name or UUID; null when there is none. */
	find(id: number | string): LogicalDevice | null {
		if (typeof id === "number") return this.devices[id] ?? null;
		const found = this.devices.find(
			({ device }) => device.name === id || device.uuid === id,
		);
		return found ?? null;
	}

	/** Whether models that name no device are put on it. */
	isForAnyModel({ kind }: Device): boolean {
		return kind !== "gpu" || this.#options.hasCuda === true;
	}

	/** A GPU that was not found, by CUDA's number; null where what was found is all there is. */
	get findUnlistedGpu(): ((cudaIndex: number) => LogicalDevice) | null {
		const { clock, mayTryGpus = false } = this.#options;
		if (!mayTryGpus) return null;
		return (cudaIndex) => {
			const known = this.#unlisted.get(cudaIndex);
			if (known !== undefined) return known;
			const gpu = new GpuDevice(cudaIndex, null, clock, null);
			const logical = new LogicalDevice(gpu, clock);
			this.#unlisted.set(cudaIndex, logical);
			return logical;
		};
	}

	close(): void {
		for (const { health } of [...this.devices, ...this.#unlisted.values()])
			health.close();
	}
}
