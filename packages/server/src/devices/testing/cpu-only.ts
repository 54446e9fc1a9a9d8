// What a server without configured devices has.
import { type Clock, systemClock } from "../../common/clock.ts";
import { CpuDevice } from "../cpu-device.ts";
import { DeviceManager } from "../device-manager.ts";

export function cpuOnly(
	threadCount: number,
	clock: Clock = systemClock,
): DeviceManager {
	return new DeviceManager([new CpuDevice("cpu", threadCount)], { clock });
}
