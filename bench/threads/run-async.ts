// ONNX Runtime's own RunAsync: the run is a task of the session's intra-op pool, and a thread of that pool calls back.
// Not part of `runtime/onnx/native.ts`, because the product does not use it: position 260 of `struct OrtApi`.
import { createRequire } from "node:module";
import type { OrtEnvironment } from "../../packages/server/src/runtime/onnx/environment.ts";
import { createTensor } from "../../packages/server/src/runtime/onnx/values.ts";
import type { TensorSpec } from "../../packages/server/src/tensor/tensor.ts";
import { type BenchModel, type Lane, MODELS, shapesOf } from "./lane.ts";
import type { Sessions } from "./lanes.ts";

/** What is used of koffi, which only the server's package depends on. */
interface Koffi {
	load(path: string): {
		func(
			name: string,
			result: string,
			parameters: readonly string[],
		): () => unknown;
	};
	decode(pointer: unknown, type: unknown): unknown;
	array(type: string, length: number): unknown;
	proto(result: string, parameters: readonly string[]): unknown;
	pointer(type: unknown): unknown;
	register(callback: () => void, type: unknown): bigint;
	unregister(callback: bigint): void;
}

const serverPackage = new URL(
	"../../packages/server/package.json",
	import.meta.url,
);
const koffi = createRequire(serverPackage)("koffi") as Koffi;

const ORT_API_VERSION = 17;
const RUN_ASYNC = 260;
const P = "void *";
const SIZE = "size_t";

type RunAsync = (...args: unknown[]) => bigint | null;

function findRunAsync(libraryPath: string): RunAsync {
	const library = koffi.load(libraryPath);
	const base = library.func("OrtGetApiBase", P, [])() as bigint;
	const [getApi] = koffi.decode(base, koffi.array(P, 1)) as [bigint];
	const getTable = koffi.decode(getApi, koffi.proto(P, ["uint32_t"])) as (
		version: number,
	) => bigint;
	const entries = koffi.decode(
		getTable(ORT_API_VERSION),
		koffi.array(P, RUN_ASYNC + 1),
	) as bigint[];
	const parameters = [P, P, P, P, SIZE, P, SIZE, P, P, P];
	return koffi.decode(
		entries[RUN_ASYNC],
		koffi.proto(P, parameters),
	) as RunAsync;
}

export function runAsyncLanes(
	env: OrtEnvironment,
	sessions: Sessions,
	libraryPath: string,
	count: number,
): Lane[] {
	const runAsync = findRunAsync(libraryPath);
	const done = koffi.proto("void", [P, P, SIZE, P]);
	return Array.from({ length: count }, () => {
		let resolveRun = () => {};
		const callback = koffi.register(() => resolveRun(), koffi.pointer(done));
		const calls = new Map(
			MODELS.map((model) => [model, prepare(env, sessions, model)]),
		);
		return {
			run: (model: BenchModel) =>
				new Promise<void>((resolve, reject) => {
					resolveRun = resolve;
					const call = calls.get(model);
					if (call === undefined) return;
					const status = runAsync(...call.args, callback, null);
					if (status !== null)
						reject(new Error(env.api.GetErrorMessage(status)));
				}),
			close: async () => {
				koffi.unregister(callback);
				for (const { values } of calls.values())
					for (const value of values) env.api.ReleaseValue(value);
			},
		};
	});
}

function prepare(env: OrtEnvironment, sessions: Sessions, model: BenchModel) {
	const session = sessions[model];
	const { inputShapes, outputShapes } = shapesOf(session);
	const tensor = ({ dtype }: TensorSpec, shape: readonly number[]) => {
		const bytes = new Uint8Array(4 * shape.reduce((a, b) => a * b, 1));
		return { bytes, value: createTensor(env, dtype, shape, bytes) };
	};
	const inputs = session.inputs.map((spec, i) => tensor(spec, inputShapes[i]!));
	const outputs = session.outputs.map((spec, i) =>
		tensor(spec, outputShapes[i]!),
	);
	const pointers = (tensors: typeof inputs) =>
		BigUint64Array.from(tensors, ({ value }) => value);
	return {
		values: [...inputs, ...outputs].map(({ value }) => value),
		/** Holds the memory behind the values for as long as they may be run. */
		bytes: [...inputs, ...outputs].map(({ bytes }) => bytes),
		args: [
			session.handle,
			null,
			session.names.inputs,
			pointers(inputs),
			inputs.length,
			session.names.outputs,
			outputs.length,
			pointers(outputs),
		],
	};
}
