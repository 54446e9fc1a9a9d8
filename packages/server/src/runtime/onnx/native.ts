// The ONNX Runtime C API, mirrored: same names, same order, same arguments as `struct OrtApi` in
// onnxruntime_c_api.h (https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_c_api.h).
// The number beside each name is its position in that struct, which is append-only. Pointers are bigint (null
// for NULL), arrays and out-parameters are typed arrays that the caller keeps alive. Nothing else knows koffi.
import koffi, { type LibraryHandle } from "koffi";
import { SaccadeError } from "../../errors/saccade-error.ts";

/** Oldest API with every entry below; an older library answers NULL. */
const ORT_API_VERSION = 17;

export type Pointer = bigint;
type MaybePointer = bigint | null;
/** `OrtStatus*`: null is success. Turned into an error by `check`, and only there. */
export type Status = MaybePointer;
/** What koffi takes for a `void*`: an address, or memory of ours. */
type Memory = MaybePointer | NodeJS.TypedArray;

interface Callable {
	(...args: unknown[]): unknown;
	async(...args: unknown[]): void;
}

const P = "void *";
const STR = "str";
const STRS = "const char **";
const INT = "int";
const SIZE = "size_t";

/** One `OrtApi` with the entries in use, bound to a loaded library. */
export interface OrtApi {
	readonly versionText: string;
	/** 1 */ GetErrorCode(status: Pointer): number;
	/** 2 */ GetErrorMessage(status: Pointer): string;
	/** 3 */ CreateEnv(level: number, logId: string, out: Memory): Status;
	/** 7 */ CreateSession: Offloadable<
		[env: Pointer, path: string, options: Pointer, out: Memory]
	>;
	/** 8 */ CreateSessionFromArray: Offloadable<
		[env: Pointer, model: Memory, length: number, options: Pointer, out: Memory]
	>;
	/** 9 */ Run: Offloadable<
		[
			session: Pointer,
			runOptions: Pointer,
			inputNames: Memory,
			inputs: Memory,
			inputCount: number,
			outputNames: Memory,
			outputCount: number,
			outputs: Memory,
		]
	>;
	/** 10 */ CreateSessionOptions(out: Memory): Status;
	/** 11 */ SetOptimizedModelFilePath(options: Pointer, path: string): Status;
	/** 13 */ SetSessionExecutionMode(options: Pointer, mode: number): Status;
	/** 17 */ DisableMemPattern(options: Pointer): Status;
	/** 19 */ DisableCpuMemArena(options: Pointer): Status;
	/** 23 */ SetSessionGraphOptimizationLevel(
		options: Pointer,
		level: number,
	): Status;
	/** 24 */ SetIntraOpNumThreads(options: Pointer, count: number): Status;
	/** 25 */ SetInterOpNumThreads(options: Pointer, count: number): Status;
	/** 30 */ SessionGetInputCount(session: Pointer, out: Memory): Status;
	/** 31 */ SessionGetOutputCount(session: Pointer, out: Memory): Status;
	/** 33 */ SessionGetInputTypeInfo(
		session: Pointer,
		index: number,
		out: Memory,
	): Status;
	/** 34 */ SessionGetOutputTypeInfo(
		session: Pointer,
		index: number,
		out: Memory,
	): Status;
	/** 36 */ SessionGetInputName(
		session: Pointer,
		index: number,
		allocator: Pointer,
		out: Memory,
	): Status;
	/** 37 */ SessionGetOutputName(
		session: Pointer,
		index: number,
		allocator: Pointer,
		out: Memory,
	): Status;
	/** 39 */ CreateRunOptions(out: Memory): Status;
	/** 46 */ RunOptionsSetTerminate(options: Pointer): Status;
	/** 47 */ RunOptionsUnsetTerminate(options: Pointer): Status;
	/** 48 */ CreateTensorAsOrtValue(
		allocator: Pointer,
		shape: Memory,
		shapeLength: number,
		type: number,
		out: Memory,
	): Status;
	/** 49 */ CreateTensorWithDataAsOrtValue(
		info: Pointer,
		data: Memory,
		byteLength: number,
		shape: Memory,
		shapeLength: number,
		type: number,
		out: Memory,
	): Status;
	/** 51 */ GetTensorMutableData(value: Pointer, out: Memory): Status;
	/** 53 */ GetStringTensorDataLength(value: Pointer, out: Memory): Status;
	/** 54 */ GetStringTensorContent(
		value: Pointer,
		text: Memory,
		textLength: number,
		offsets: Memory,
		offsetsLength: number,
	): Status;
	/** 55 */ CastTypeInfoToTensorInfo(typeInfo: Pointer, out: Memory): Status;
	/** 60 */ GetTensorElementType(info: Pointer, out: Memory): Status;
	/** 61 */ GetDimensionsCount(info: Pointer, out: Memory): Status;
	/** 62 */ GetDimensions(info: Pointer, out: Memory, count: number): Status;
	/** 63 */ GetSymbolicDimensions(
		info: Pointer,
		out: Memory,
		count: number,
	): Status;
	/** 65 */ GetTensorTypeAndShape(value: Pointer, out: Memory): Status;
	/** 69 */ CreateCpuMemoryInfo(
		allocatorType: number,
		memoryType: number,
		out: Memory,
	): Status;
	/** 76 */ AllocatorFree(allocator: Pointer, memory: Pointer): Status;
	/** 78 */ GetAllocatorWithDefaultOptions(out: Memory): Status;
	/** 92 */ ReleaseEnv(env: Pointer): void;
	/** 93 */ ReleaseStatus(status: Pointer): void;
	/** 94 */ ReleaseMemoryInfo(info: Pointer): void;
	/** 95 */ ReleaseSession: Releasing<[session: Pointer]>;
	/** 96 */ ReleaseValue(value: Pointer): void;
	/** 97 */ ReleaseRunOptions(options: Pointer): void;
	/** 98 */ ReleaseTypeInfo(info: Pointer): void;
	/** 99 */ ReleaseTensorTypeAndShapeInfo(info: Pointer): void;
	/** 100 */ ReleaseSessionOptions(options: Pointer): void;
	/** 125 */ GetAvailableProviders(out: Memory, length: Memory): Status;
	/** 126 */ ReleaseAvailableProviders(list: Pointer, length: number): Status;
	/** 130 */ AddSessionConfigEntry(
		options: Pointer,
		key: string,
		value: string,
	): Status;
	/** 170 */ SessionOptionsAppendExecutionProvider_TensorRT_V2(
		options: Pointer,
		tensorrtOptions: Pointer,
	): Status;
	/** 171 */ CreateTensorRTProviderOptions(out: Memory): Status;
	/** 172 */ UpdateTensorRTProviderOptions(
		tensorrtOptions: Pointer,
		keys: readonly string[],
		values: readonly string[],
		count: number,
	): Status;
	/** 174 */ ReleaseTensorRTProviderOptions(tensorrtOptions: Pointer): void;
	/** 204 */ SessionOptionsAppendExecutionProvider_CUDA_V2(
		options: Pointer,
		cudaOptions: Pointer,
	): Status;
	/** 205 */ CreateCUDAProviderOptions(out: Memory): Status;
	/** 206 */ UpdateCUDAProviderOptions(
		cudaOptions: Pointer,
		keys: readonly string[],
		values: readonly string[],
		count: number,
	): Status;
	/** 208 */ ReleaseCUDAProviderOptions(cudaOptions: Pointer): void;
	/** 216 */ SessionOptionsAppendExecutionProvider(
		options: Pointer,
		name: string,
		keys: readonly string[],
		values: readonly string[],
		count: number,
	): Status;
	/** 252 */ GetResizedStringTensorElementBuffer(
		value: Pointer,
		index: number,
		byteLength: number,
		out: Memory,
	): Status;
}

/** An entry that may also be called off the event loop; `done` runs on it. Memory in `args` must outlive the call. */
interface Offloadable<Args extends readonly unknown[]> {
	(...args: Args): Status;
	async(
		...args: [...Args, done: (error: Error | null, status: Status) => void]
	): void;
}

/** The same for an entry that cannot fail. */
interface Releasing<Args extends readonly unknown[]> {
	(...args: Args): void;
	async(...args: [...Args, done: (error: Error | null) => void]): void;
}

const ENTRIES: readonly (readonly [
	name: keyof OrtApi,
	index: number,
	result: string,
	parameters: readonly string[],
])[] = [
	["GetErrorCode", 1, INT, [P]],
	["GetErrorMessage", 2, STR, [P]],
	["CreateEnv", 3, P, [INT, STR, P]],
	["CreateSession", 7, P, [P, STR, P, P]],
	["CreateSessionFromArray", 8, P, [P, P, SIZE, P, P]],
	["Run", 9, P, [P, P, P, P, SIZE, P, SIZE, P]],
	["CreateSessionOptions", 10, P, [P]],
	["SetOptimizedModelFilePath", 11, P, [P, STR]],
	["SetSessionExecutionMode", 13, P, [P, INT]],
	["DisableMemPattern", 17, P, [P]],
	["DisableCpuMemArena", 19, P, [P]],
	["SetSessionGraphOptimizationLevel", 23, P, [P, INT]],
	["SetIntraOpNumThreads", 24, P, [P, INT]],
	["SetInterOpNumThreads", 25, P, [P, INT]],
	["SessionGetInputCount", 30, P, [P, P]],
	["SessionGetOutputCount", 31, P, [P, P]],
	["SessionGetInputTypeInfo", 33, P, [P, SIZE, P]],
	["SessionGetOutputTypeInfo", 34, P, [P, SIZE, P]],
	["SessionGetInputName", 36, P, [P, SIZE, P, P]],
	["SessionGetOutputName", 37, P, [P, SIZE, P, P]],
	["CreateRunOptions", 39, P, [P]],
	["RunOptionsSetTerminate", 46, P, [P]],
	["RunOptionsUnsetTerminate", 47, P, [P]],
	["CreateTensorAsOrtValue", 48, P, [P, P, SIZE, INT, P]],
	["CreateTensorWithDataAsOrtValue", 49, P, [P, P, SIZE, P, SIZE, INT, P]],
	["GetTensorMutableData", 51, P, [P, P]],
	["GetStringTensorDataLength", 53, P, [P, P]],
	["GetStringTensorContent", 54, P, [P, P, SIZE, P, SIZE]],
	["CastTypeInfoToTensorInfo", 55, P, [P, P]],
	["GetTensorElementType", 60, P, [P, P]],
	["GetDimensionsCount", 61, P, [P, P]],
	["GetDimensions", 62, P, [P, P, SIZE]],
	["GetSymbolicDimensions", 63, P, [P, P, SIZE]],
	["GetTensorTypeAndShape", 65, P, [P, P]],
	["CreateCpuMemoryInfo", 69, P, [INT, INT, P]],
	["AllocatorFree", 76, P, [P, P]],
	["GetAllocatorWithDefaultOptions", 78, P, [P]],
	["ReleaseEnv", 92, "void", [P]],
	["ReleaseStatus", 93, "void", [P]],
	["ReleaseMemoryInfo", 94, "void", [P]],
	["ReleaseSession", 95, "void", [P]],
	["ReleaseValue", 96, "void", [P]],
	["ReleaseRunOptions", 97, "void", [P]],
	["ReleaseTypeInfo", 98, "void", [P]],
	["ReleaseTensorTypeAndShapeInfo", 99, "void", [P]],
	["ReleaseSessionOptions", 100, "void", [P]],
	["GetAvailableProviders", 125, P, [P, P]],
	["ReleaseAvailableProviders", 126, P, [P, INT]],
	["AddSessionConfigEntry", 130, P, [P, STR, STR]],
	["SessionOptionsAppendExecutionProvider_TensorRT_V2", 170, P, [P, P]],
	["CreateTensorRTProviderOptions", 171, P, [P]],
	["UpdateTensorRTProviderOptions", 172, P, [P, STRS, STRS, SIZE]],
	["ReleaseTensorRTProviderOptions", 174, "void", [P]],
	["SessionOptionsAppendExecutionProvider_CUDA_V2", 204, P, [P, P]],
	["CreateCUDAProviderOptions", 205, P, [P]],
	["UpdateCUDAProviderOptions", 206, P, [P, STRS, STRS, SIZE]],
	["ReleaseCUDAProviderOptions", 208, "void", [P]],
	["SessionOptionsAppendExecutionProvider", 216, P, [P, STR, STRS, STRS, SIZE]],
	["GetResizedStringTensorElementBuffer", 252, P, [P, SIZE, SIZE, P]],
];

// koffi unloads a library when nothing refers to it, and function pointers decoded from a table do not count:
// the next call would crash the process. So each loaded library stays referenced for the life of the process.
const loaded = new Map<string, OrtApi>();
const keepAlive: unknown[] = [];

/** Loads the library at `path` once. Throws UNSUPPORTED when it is no ONNX Runtime or one too old. */
export function loadOrtApi(path: string): OrtApi {
	const known = loaded.get(path);
	if (known !== undefined) return known;
	const library = openLibrary(path);
	keepAlive.push(library);
	const base = library.func("OrtGetApiBase", P, [])() as Pointer;
	const [getApi, getVersion] = koffi.decode(
		base,
		koffi.array(P, 2),
	) as Pointer[];
	const versionText = entry(getVersion, STR, [])() as string;
	const table = entry(getApi, P, ["uint32_t"])(ORT_API_VERSION) as MaybePointer;
	if (table === null) {
		throw new SaccadeError(
			"UNSUPPORTED",
			`ONNX Runtime ${versionText} at ${path} has no API version ${ORT_API_VERSION}; use version 1.${ORT_API_VERSION} or newer.`,
		);
	}
	const last = Math.max(...ENTRIES.map(([, index]) => index));
	const pointers = koffi.decode(table, koffi.array(P, last + 1)) as Pointer[];
	const api: Record<string, unknown> = { versionText };
	for (const [name, index, result, parameters] of ENTRIES)
		api[name] = entry(pointers[index], result, parameters);
	loaded.set(path, api as unknown as OrtApi);
	return api as unknown as OrtApi;
}

function openLibrary(path: string): LibraryHandle {
	try {
		return koffi.load(path);
	} catch (cause) {
		throw new SaccadeError(
			"UNSUPPORTED",
			`The ONNX Runtime library ${path} cannot be loaded: ${cause instanceof Error ? cause.message : cause}.`,
			{ cause },
		);
	}
}

function entry(
	pointer: Pointer | undefined,
	result: string,
	parameters: readonly string[],
): Callable {
	return koffi.decode(
		pointer,
		koffi.proto(result, [...parameters]),
	) as Callable;
}

/** Address of memory that the caller keeps alive. */
export function addressOf(memory: NodeJS.TypedArray): Pointer {
	return koffi.address(memory);
}

/** A view of native memory: valid as long as its owner keeps it. */
export function unsafeView(pointer: Pointer, byteLength: number): Uint8Array {
	return new Uint8Array(koffi.view(pointer, byteLength));
}

/** Reads a NUL-terminated string. */
export function readCString(pointer: Pointer): string {
	return koffi.decode(pointer, "char", -1) as string;
}

/** Reads `count` pointers of an array of pointers. */
export function readPointers(pointer: Pointer, count: number): Pointer[] {
	return koffi.decode(pointer, koffi.array(P, count)) as Pointer[];
}
