// The devices of a server: CPU partitions and simulated devices as configured, GPUs as found.
import type { Clock } from "../common/clock.ts";
import type { DeviceSpec } from "../config/devices.ts";
import type { ServerOptions } from "../config/options.ts";
import { allowedCores } from "../devices/affinity.ts";
import { showCoreList } from "../devices/core-list.ts";
import { CpuDevice } from "../devices/cpu-device.ts";
import type { Device } from "../devices/device.ts";
import { DeviceManager } from "../devices/device-manager.ts";
import { findGpus } from "../devices/gpu-device.ts";
import { openNvml } from "../devices/nvml.ts";
import { SimulatedDevice } from "../devices/simulated-device.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { Session } from "../runtime/runtime.ts";
import { SimulatedSession } from "../runtime/simulated/simulated-session.ts";
import type { Logger } from "../telemetry/logger.ts";

export interface DeviceFacts {
	readonly clock: Clock;
	readonly coreCount: number;
	/** The runtime's library can use CUDA. */
	readonly hasCuda: boolean;
	readonly log: Logger;
}

export interface ServerDevices {
	readonly manager: DeviceManager;
	close(): void;
}

export function createDevices(
	options: Pick<ServerOptions, "devices" | "gpuVariables">,
	{ clock, coreCount, hasCuda, log }: DeviceFacts,
): ServerDevices {
	const configured = options.devices.map((spec) => createDevice(spec, clock));
	const cpus = configured.filter(({ kind }) => kind === "cpu");
	const simulated = configured.filter(
		(device) => device instanceof SimulatedDevice,
	);
	const nvml = openNvml();
	const gpus = findGpus(nvml, options.gpuVariables, clock);
	for (const warning of gpus.warnings) log.warn({}, warning);
	const manager = new DeviceManager(
		[
			...(cpus.length > 0 ? cpus : [new CpuDevice("cpu", coreCount)]),
			...gpus.devices,
			...simulated,
		],
		{ clock, hasCuda, mayTryGpus: nvml === null && hasCuda },
	);
	logChanges(manager, log);
	return {
		manager,
		close: () => {
			for (const device of simulated) device.close();
			manager.close();
			nvml?.close();
		},
	};
}

/** On a simulated device a session takes the device's time; elsewhere it is as it is. */
export function sessionOn(
	session: Session,
	device: Device,
	modelBytes: number,
): Session {
	return device instanceof SimulatedDevice
		? new SimulatedSession(session, device, modelBytes)
		: session;
}

function createDevice(spec: DeviceSpec, clock: Clock) {
	if (spec.kind === "simulated") return new SimulatedDevice({ ...spec, clock });
	const { name, threadCount, cores } = spec;
	if (cores === null) return new CpuDevice(name, threadCount);
	assertAllowed(name, cores);
	return new CpuDevice(name, threadCount, cores);
}

/** Throws UNSUPPORTED: a start that says so is better than models that fail to load. */
function assertAllowed(name: string, cores: readonly number[]): void {
	const allowed = allowedCores();
	if (allowed === null)
		throw new SaccadeError(
			"UNSUPPORTED",
			`CPU partition '${name}': threads are kept on cores on Linux only, with /proc; leave 'cores' out`,
		);
	const missing = cores.filter((core) => !allowed.includes(core));
	if (missing.length > 0)
		throw new SaccadeError(
			"UNSUPPORTED",
			`CPU partition '${name}': core ${showCoreList(missing)} is not among those that this process may use, ${showCoreList(allowed)}`,
		);
}

function logChanges({ devices }: DeviceManager, log: Logger): void {
	for (const { name, health } of devices)
		health.onChange((state, before) => {
			if (state.kind === "healthy")
				log.info({ device: name }, "device back in use");
			else if (before.kind === "healthy")
				log.error(
					{ device: name, because: state.because },
					"device out of use until a probe succeeds",
				);
			else
				log.debug(
					{ device: name, state: state.kind, failedProbes: state.failedProbes },
					"device still out of use",
				);
		});
}
