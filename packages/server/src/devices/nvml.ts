// What NVIDIA's management library says about the GPUs of this machine. A thin mirror of nvml.h
// (https://docs.nvidia.com/deploy/nvml-api/): names and arguments as there, results turned into values or null at one
// point. A machine without the library has no GPUs, which is no error.
import koffi from "koffi";

/** `nvmlReturn_t` */
const NVML_SUCCESS = 0;
const NVML_DEVICE_UUID_V2_BUFFER_SIZE = 96;
const NVML_DEVICE_NAME_V2_BUFFER_SIZE = 96;
const LIBRARY = "libnvidia-ml.so.1";

export interface GpuFacts {
	/** As NVML counts, by PCI bus. */
	readonly index: number;
	readonly uuid: string;
	readonly name: string;
}

/** Of one instant; null where the GPU does not tell. */
export interface GpuReadings {
	readonly totalBytes: number | null;
	readonly usedBytes: number | null;
	/** 0 to 1. */
	readonly utilization: number | null;
	readonly powerW: number | null;
	readonly powerLimitW: number | null;
	/** Since the driver was loaded. */
	readonly energyJ: number | null;
}

export interface Nvml {
	readonly gpus: readonly GpuFacts[];
	read(index: number): GpuReadings;
	close(): void;
}

type Handle = bigint;
type Memory = NodeJS.TypedArray;
type Return = number;

interface NvmlApi {
	nvmlInit_v2(): Return;
	nvmlShutdown(): Return;
	nvmlDeviceGetCount_v2(count: Memory): Return;
	nvmlDeviceGetHandleByIndex_v2(index: number, device: Memory): Return;
	nvmlDeviceGetUUID(device: Handle, uuid: Memory, length: number): Return;
	nvmlDeviceGetName(device: Handle, name: Memory, length: number): Return;
	/** `nvmlMemory_t`: total, free, used; unsigned long long each. */
	nvmlDeviceGetMemoryInfo(device: Handle, memory: Memory): Return;
	/** `nvmlUtilization_t`: gpu, memory; unsigned int each, in percent. */
	nvmlDeviceGetUtilizationRates(device: Handle, utilization: Memory): Return;
	/** mW */
	nvmlDeviceGetPowerUsage(device: Handle, power: Memory): Return;
	/** mW */
	nvmlDeviceGetEnforcedPowerLimit(device: Handle, limit: Memory): Return;
	/** mJ */
	nvmlDeviceGetTotalEnergyConsumption(device: Handle, energy: Memory): Return;
}

const ENTRIES: readonly (readonly [
	name: keyof NvmlApi,
	parameters: readonly string[],
])[] = [
	["nvmlInit_v2", []],
	["nvmlShutdown", []],
	["nvmlDeviceGetCount_v2", ["void *"]],
	["nvmlDeviceGetHandleByIndex_v2", ["unsigned int", "void *"]],
	["nvmlDeviceGetUUID", ["void *", "void *", "unsigned int"]],
	["nvmlDeviceGetName", ["void *", "void *", "unsigned int"]],
	["nvmlDeviceGetMemoryInfo", ["void *", "void *"]],
	["nvmlDeviceGetUtilizationRates", ["void *", "void *"]],
	["nvmlDeviceGetPowerUsage", ["void *", "void *"]],
	["nvmlDeviceGetEnforcedPowerLimit", ["void *", "void *"]],
	["nvmlDeviceGetTotalEnergyConsumption", ["void *", "void *"]],
];

/** Null where there is no such library, or it finds no driver. */
export function openNvml(path: string = LIBRARY): Nvml | null {
	const api = loadApi(path);
	if (api === null || api.nvmlInit_v2() !== NVML_SUCCESS) return null;
	const handles: Handle[] = [];
	const gpus: GpuFacts[] = [];
	const count = uint32(api.nvmlDeviceGetCount_v2) ?? 0;
	for (let index = 0; index < count; index++) {
		const out = new BigUint64Array(1);
		const isThere =
			api.nvmlDeviceGetHandleByIndex_v2(index, out) === NVML_SUCCESS;
		const handle = out[0] ?? 0n;
		handles.push(handle);
		// One that fell off the bus has a number still.
		if (!isThere) continue;
		const uuid = text(NVML_DEVICE_UUID_V2_BUFFER_SIZE, (to, length) =>
			api.nvmlDeviceGetUUID(handle, to, length),
		);
		const name = text(NVML_DEVICE_NAME_V2_BUFFER_SIZE, (to, length) =>
			api.nvmlDeviceGetName(handle, to, length),
		);
		if (uuid !== null) gpus.push({ index, uuid, name: name ?? "unknown" });
	}
	let isOpen = true;
	return {
		gpus,
		read: (index) => readGpu(api, handles[index] ?? 0n),
		close: () => {
			if (isOpen) api.nvmlShutdown();
			isOpen = false;
		},
	};
}

function readGpu(api: NvmlApi, handle: Handle): GpuReadings {
	const memory = new BigUint64Array(3);
	const hasMemory =
		api.nvmlDeviceGetMemoryInfo(handle, memory) === NVML_SUCCESS;
	const utilization = uint32((to) =>
		api.nvmlDeviceGetUtilizationRates(handle, to),
	);
	const powerMw = uint32((to) => api.nvmlDeviceGetPowerUsage(handle, to));
	const limitMw = uint32((to) =>
		api.nvmlDeviceGetEnforcedPowerLimit(handle, to),
	);
	const energy = new BigUint64Array(1);
	const hasEnergy =
		api.nvmlDeviceGetTotalEnergyConsumption(handle, energy) === NVML_SUCCESS;
	return {
		totalBytes: hasMemory ? Number(memory[0]) : null,
		usedBytes: hasMemory ? Number(memory[2]) : null,
		utilization: utilization === null ? null : utilization / 100,
		powerW: powerMw === null ? null : powerMw / 1000,
		powerLimitW: limitMw === null ? null : limitMw / 1000,
		energyJ: hasEnergy ? Number(energy[0]) / 1000 : null,
	};
}

/** The first of up to two `unsigned int`; null when the call does not succeed. */
function uint32(call: (to: Memory) => Return): number | null {
	const out = new Uint32Array(2);
	return call(out) === NVML_SUCCESS ? (out[0] ?? 0) : null;
}

function text(
	length: number,
	call: (to: Memory, length: number) => Return,
): string | null {
	const bytes = new Uint8Array(length);
	if (call(bytes, length) !== NVML_SUCCESS) return null;
	const end = bytes.indexOf(0);
	return Buffer.from(bytes.subarray(0, end < 0 ? length : end)).toString();
}

function loadApi(path: string): NvmlApi | null {
	try {
		const library = koffi.load(path);
		const api: Record<string, unknown> = {};
		for (const [name, parameters] of ENTRIES)
			api[name] = library.func(name, "int", [...parameters]);
		return api as unknown as NvmlApi;
	} catch {
		return null;
	}
}
