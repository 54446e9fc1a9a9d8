// Which devices a model runs on, by its instance groups, as Triton has it: KIND_CPU means CPU partitions, KIND_GPU the
// accelerators at the positions of `gpus` (all of them where none is named), KIND_AUTO and no group at all the
// accelerators that models may take by themselves, else the CPU. `count` is runs side by side on each device.
// https://github.com/triton-inference-server/server/blob/main/docs/user_guide/model_configuration.md#instance-groups
import type {
	DeviceManager,
	LogicalDevice,
} from "../../devices/device-manager.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { InstanceGroup } from "../../repository/model-config.ts";

export interface DeviceChoice {
	readonly device: LogicalDevice;
	/** 0: not stated. */
	readonly laneCount: number;
}

/** Throws LOAD_FAILED when a device is asked for that is not there. */
export function chooseDevices(
	groups: readonly InstanceGroup[],
	manager: DeviceManager,
): DeviceChoice[] {
	if (groups.length === 0) return onAny(manager, 0);
	const lanes = new Map<LogicalDevice, number>();
	for (const group of groups)
		for (const { device, laneCount } of devicesOf(group, manager))
			lanes.set(device, (lanes.get(device) ?? 0) + laneCount);
	return [...lanes].map(([device, laneCount]) => ({ device, laneCount }));
}

function devicesOf(
	{ kind, gpus, count }: InstanceGroup,
	manager: DeviceManager,
): DeviceChoice[] {
	switch (kind) {
		case "cpu":
			return each(manager.cpus, count);
		case "gpu":
			return each(acceleratorsOf(gpus, manager), count);
		case "auto":
			return gpus.length > 0
				? each(acceleratorsOf(gpus, manager), count)
				: onAny(manager, count);
	}
}

function onAny(manager: DeviceManager, laneCount: number): DeviceChoice[] {
	const own = manager.accelerators.filter(({ device }) =>
		manager.isForAnyModel(device),
	);
	return each(own.length > 0 ? own : manager.cpus, laneCount);
}

function acceleratorsOf(
	gpus: readonly number[],
	manager: DeviceManager,
): readonly LogicalDevice[] {
	const { accelerators } = manager;
	// Boards whose GPU is part of the chip have no management library: what CUDA has, loading tells.
	if (accelerators.length === 0 && manager.findUnlistedGpu !== null)
		return (gpus.length === 0 ? [0] : gpus).map(manager.findUnlistedGpu);
	if (gpus.length === 0 && accelerators.length > 0) return accelerators;
	const chosen = gpus.flatMap((index) => accelerators[index] ?? []);
	if (chosen.length > 0 && chosen.length === gpus.length) return chosen;
	const there = accelerators.map(({ name }, index) => `${index} (${name})`);
	throw new SaccadeError(
		"LOAD_FAILED",
		`an instance group asks for GPU ${gpus.join(", ") || "instances"}; this server has ${there.join(", ") || "none that it may use"}`,
	);
}

function each(
	devices: readonly LogicalDevice[],
	laneCount: number,
): DeviceChoice[] {
	return devices.map((device) => ({ device, laneCount }));
}
