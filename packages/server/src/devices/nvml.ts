// What NVIDIA's management library says about the GPUs of this machine. A thin mirror of nvml.h
// (https://docs.nvidia.com/deploy/nvml-api/): names and arguments as there, results turned into values or null at one
// point. A machine without the library has no GPUs, which is no error. Which GPUs there are is asked at the start;
// what is read of them later is read on libuv's pool, since the driver may take some ms to answer.
import koffi from "koffi";

/** `nvmlReturn_t` */
const NVML_SUCCESS = 0;
/** `nvmlTemperatureSensors_t` */
const NVML_TEMPERATURE_GPU = 0;
/** `nvmlClockType_t` */
const NVML_CLOCK_SM = 1;
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
	/** Of the window through which the host sees the GPU's memory. */
	readonly bar1UsedBytes: number | null;
	/** 0 to 1. */
	readonly utilization: number | null;
	readonly powerW: number | null;
	readonly powerLimitW: number | null;
	/** Since the driver was loaded. */
	readonly energyJ: number | null;
	readonly temperatureC: number | null;
	/** Of the streaming multiprocessors. */
	readonly clockHz: number | null;
	/** Whether its clocks are held down, by why. */
	readonly throttled: Readonly<Record<ThrottleReason, boolean>> | null;
}

/** `nvmlClocksThrottleReason…`; the others say that it is idle, or was set so. */
const THROTTLE_BITS = {
	"power-cap": 0x4n,
	hardware: 0x8n | 0x40n | 0x80n,
	thermal: 0x20n,
} as const;

type ThrottleReason = keyof typeof THROTTLE_BITS;

export interface Nvml {
	readonly gpus: readonly GpuFacts[];
	/** Off the event loop. After `close` everything is null. */
	read(index: number): Promise<GpuReadings>;
	close(): void;
}

type Handle = bigint;
type Memory = NodeJS.TypedArray;
type Return = number;

/** As koffi has it: called at once, or on libuv's pool. */
interface Entry<Args extends readonly unknown[]> {
	(...args: Args): Return;
	async(...args: [...Args, (error: Error | null, value: Return) => void]): void;
}

interface NvmlApi {
	nvmlInit_v2: Entry<[]>;
	nvmlShutdown: Entry<[]>;
	nvmlDeviceGetCount_v2: Entry<[count: Memory]>;
	nvmlDeviceGetHandleByIndex_v2: Entry<[index: number, device: Memory]>;
	nvmlDeviceGetUUID: Entry<[device: Handle, uuid: Memory, length: number]>;
	nvmlDeviceGetName: Entry<[device: Handle, name: Memory, length: number]>;
	/** `nvmlMemory_t`: total, free, used; unsigned long long each. */
	nvmlDeviceGetMemoryInfo: Entry<[device: Handle, memory: Memory]>;
	/** `nvmlBAR1Memory_t`: total, free, used; unsigned long long each. */
	nvmlDeviceGetBAR1MemoryInfo: Entry<[device: Handle, memory: Memory]>;
	/** `nvmlUtilization_t`: gpu, memory; unsigned int each, in percent. */
	nvmlDeviceGetUtilizationRates: Entry<[device: Handle, utilization: Memory]>;
	/** mW */
	nvmlDeviceGetPowerUsage: Entry<[device: Handle, power: Memory]>;
	/** mW */
	nvmlDeviceGetEnforcedPowerLimit: Entry<[device: Handle, limit: Memory]>;
	/** mJ */
	nvmlDeviceGetTotalEnergyConsumption: Entry<[device: Handle, energy: Memory]>;
	/** °C */
	nvmlDeviceGetTemperature: Entry<
		[device: Handle, sensor: number, temp: Memory]
	>;
	/** MHz */
	nvmlDeviceGetClockInfo: Entry<[device: Handle, type: number, clock: Memory]>;
	/** unsigned long long, a bit mask. */
	nvmlDeviceGetCurrentClocksThrottleReasons: Entry<
		[device: Handle, reasons: Memory]
	>;
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
	["nvmlDeviceGetBAR1MemoryInfo", ["void *", "void *"]],
	["nvmlDeviceGetUtilizationRates", ["void *", "void *"]],
	["nvmlDeviceGetPowerUsage", ["void *", "void *"]],
	["nvmlDeviceGetEnforcedPowerLimit", ["void *", "void *"]],
	["nvmlDeviceGetTotalEnergyConsumption", ["void *", "void *"]],
	["nvmlDeviceGetTemperature", ["void *", "int", "void *"]],
	["nvmlDeviceGetClockInfo", ["void *", "int", "void *"]],
	["nvmlDeviceGetCurrentClocksThrottleReasons", ["void *", "void *"]],
];

/** Null where there is no such library, or it finds no driver. */
export function openNvml(path: string = LIBRARY): Nvml | null {
	const api = loadApi(path);
	if (api === null || api.nvmlInit_v2() !== NVML_SUCCESS) return null;
	const handles: Handle[] = [];
	const gpus: GpuFacts[] = [];
	const counts = new Uint32Array(1);
	const hasCount = api.nvmlDeviceGetCount_v2(counts) === NVML_SUCCESS;
	const count = hasCount ? (counts[0] ?? 0) : 0;
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

async function readGpu(api: NvmlApi, handle: Handle): Promise<GpuReadings> {
	const memory = await read(new BigUint64Array(3), (to, told) =>
		api.nvmlDeviceGetMemoryInfo.async(handle, to, told),
	);
	const bar1 = await read(new BigUint64Array(3), (to, told) =>
		api.nvmlDeviceGetBAR1MemoryInfo.async(handle, to, told),
	);
	const utilization = await read(new Uint32Array(2), (to, told) =>
		api.nvmlDeviceGetUtilizationRates.async(handle, to, told),
	);
	const powerMw = await read(new Uint32Array(1), (to, told) =>
		api.nvmlDeviceGetPowerUsage.async(handle, to, told),
	);
	const limitMw = await read(new Uint32Array(1), (to, told) =>
		api.nvmlDeviceGetEnforcedPowerLimit.async(handle, to, told),
	);
	const energyMj = await read(new BigUint64Array(1), (to, told) =>
		api.nvmlDeviceGetTotalEnergyConsumption.async(handle, to, told),
	);
	const temperature = await read(new Uint32Array(1), (to, told) =>
		api.nvmlDeviceGetTemperature.async(handle, NVML_TEMPERATURE_GPU, to, told),
	);
	const clockMhz = await read(new Uint32Array(1), (to, told) =>
		api.nvmlDeviceGetClockInfo.async(handle, NVML_CLOCK_SM, to, told),
	);
	const reasons = await read(new BigUint64Array(1), (to, told) =>
		api.nvmlDeviceGetCurrentClocksThrottleReasons.async(handle, to, told),
	);
	return {
		totalBytes: scaled(memory?.[0], 1),
		usedBytes: scaled(memory?.[2], 1),
		bar1UsedBytes: scaled(bar1?.[2], 1),
		utilization: scaled(utilization?.[0], 0.01),
		powerW: scaled(powerMw?.[0], 0.001),
		powerLimitW: scaled(limitMw?.[0], 0.001),
		energyJ: scaled(energyMj?.[0], 0.001),
		temperatureC: scaled(temperature?.[0], 1),
		clockHz: scaled(clockMhz?.[0], 1e6),
		throttled: throttledBy(reasons?.[0]),
	};
}

/** Null when the call does not succeed. */
function read<Out extends Memory>(
	out: Out,
	call: (to: Out, told: (error: Error | null, value: Return) => void) => void,
): Promise<Out | null> {
	return new Promise((resolve) => {
		call(out, (error, value) =>
			resolve(error === null && value === NVML_SUCCESS ? out : null),
		);
	});
}

function scaled(value: number | bigint | undefined, by: number): number | null {
	// Divided, so that 37 % is 0.37.
	return value === undefined ? null : Number(value) / (1 / by);
}

function throttledBy(bits: bigint | undefined): GpuReadings["throttled"] {
	if (bits === undefined) return null;
	const has = (reason: ThrottleReason) => (bits & THROTTLE_BITS[reason]) !== 0n;
	return {
		"power-cap": has("power-cap"),
		hardware: has("hardware"),
		thermal: has("thermal"),
	};
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
