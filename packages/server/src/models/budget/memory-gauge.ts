// What a model takes: by the device's own word where it has one, else by how the process grew while it was loaded, in
// equal parts where it runs on several partitions of the cores. Never less than its file: pages that are mapped come
// when they are first read.
import type { DeviceChoice } from "../loading/device-choice.ts";
import type { DeviceBytes } from "./model-memory.ts";

export class MemoryGauge {
	readonly #devices: readonly DeviceChoice["device"][];
	readonly #residentBytes: () => number;
	readonly #before: DeviceBytes;

	/** Begins to measure. */
	constructor(choices: readonly DeviceChoice[], residentBytes: () => number) {
		this.#devices = choices.map(({ device }) => device);
		this.#residentBytes = residentBytes;
		this.#before = this.#used();
	}

	atLeast(fileBytes: number): DeviceBytes {
		return new Map(this.#devices.map(({ name }) => [name, fileBytes]));
	}

	growth(fileBytes: number): DeviceBytes {
		const shared = this.#devices.filter(
			({ device }) => device.memory() === null,
		);
		const used = this.#used();
		return new Map(
			this.#devices.map(({ name, device }) => {
				const grown = (used.get(name) ?? 0) - (this.#before.get(name) ?? 0);
				const own =
					device.memory() === null ? Math.ceil(grown / shared.length) : grown;
				return [name, Math.max(own, fileBytes)];
			}),
		);
	}

	#used(): DeviceBytes {
		const resident = this.#residentBytes();
		return new Map(
			this.#devices.map(({ name, device }) => [
				name,
				device.memory()?.usedBytes ?? resident,
			]),
		);
	}
}
