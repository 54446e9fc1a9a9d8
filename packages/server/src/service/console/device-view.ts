// Devices as a console shows them.
import type { DeviceEntry } from "@saccade/protocol/console";
import type { LogicalDevice } from "../../devices/device-manager.ts";
import { round } from "./stream-pulse.ts";

export function* deviceEntries(
	devices: readonly LogicalDevice[],
	nowUs: number,
): Iterable<readonly [string, DeviceEntry]> {
	for (const logical of devices) {
		const { name, device, health, load } = logical;
		const { state } = health;
		const memory = device.memory();
		const utilization = device.utilization();
		yield [
			name,
			{
				name,
				kind: device.kind,
				uuid: device.uuid,
				threadCount: device.threadCount,
				state: state.kind,
				because: state.kind === "healthy" ? null : state.because,
				load: round(logical.score()),
				busyShare: round(load.busyShare(nowUs)),
				running: load.running,
				memoryTotalBytes: memory?.totalBytes ?? null,
				memoryUsedBytes: memory?.usedBytes ?? null,
				utilization: utilization === null ? null : round(utilization),
			},
		];
	}
}
