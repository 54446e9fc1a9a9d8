// Execution providers of a session. CUDA and TensorRT have option objects of their own in the C API, the others are
// appended by name; `GetAvailableProviders` tells which the library was built with.
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { ExecutionProvider } from "../runtime.ts";
import type { OrtEnvironment } from "./environment.ts";
import {
	type OrtApi,
	type Pointer,
	readCString,
	readPointers,
	type Status,
} from "./native.ts";
import { check } from "./status.ts";

const SUFFIX = /ExecutionProvider$/;

/** Where the name to append by is not that of the provider. */
const APPEND_NAME: Readonly<Record<string, string>> = {
	Xnnpack: "XNNPACK",
	Dml: "DML",
	WebGpu: "WebGPU",
	Azure: "AZURE",
};

/** As the library spells them, without `ExecutionProvider`. */
export function readProviders(env: OrtEnvironment): string[] {
	const { api } = env;
	const length = new Int32Array(1);
	const list = env.pointer("list providers", (out) =>
		api.GetAvailableProviders(out, length),
	);
	const count = length[0] ?? 0;
	const names = readPointers(list, count).map((name) =>
		readCString(name).replace(SUFFIX, ""),
	);
	api.ReleaseAvailableProviders(list, count);
	return names;
}

/** Throws UNSUPPORTED for a provider that the library lacks, LOAD_FAILED with its reason when it cannot be used. */
export function appendProvider(
	env: OrtEnvironment,
	sessionOptions: Pointer,
	provider: ExecutionProvider,
): void {
	const wanted = provider.name.toLowerCase();
	// Every session ends with the CPU.
	if (wanted === "cpu") return;
	const available = readProviders(env);
	const name = available.find((known) => known.toLowerCase() === wanted);
	if (name === undefined)
		throw new SaccadeError(
			"UNSUPPORTED",
			`execution provider '${provider.name}' is not in this ONNX Runtime library (version ${env.api.versionText} has ${available.join(", ").toLowerCase()}); name a library that has it with --onnxruntime-library`,
		);
	const keys = Object.keys(provider.options);
	const values = Object.values(provider.options);
	const own = ownOptions(env.api, wanted);
	const set = (status: Status) =>
		check(
			env.api,
			status,
			"LOAD_FAILED",
			`execution provider '${provider.name}' cannot be used here`,
		);
	if (own === null) {
		set(
			env.api.SessionOptionsAppendExecutionProvider(
				sessionOptions,
				APPEND_NAME[name] ?? name,
				keys,
				values,
				keys.length,
			),
		);
		return;
	}
	const out = new BigUint64Array(1);
	set(own.create(out));
	const options = out[0] ?? 0n;
	try {
		if (keys.length > 0) set(own.update(options, keys, values, keys.length));
		set(own.append(sessionOptions, options));
	} finally {
		own.release(options);
	}
}

function ownOptions(api: OrtApi, provider: string) {
	switch (provider) {
		case "cuda":
			return {
				create: api.CreateCUDAProviderOptions,
				update: api.UpdateCUDAProviderOptions,
				append: api.SessionOptionsAppendExecutionProvider_CUDA_V2,
				release: api.ReleaseCUDAProviderOptions,
			};
		case "tensorrt":
			return {
				create: api.CreateTensorRTProviderOptions,
				update: api.UpdateTensorRTProviderOptions,
				append: api.SessionOptionsAppendExecutionProvider_TensorRT_V2,
				release: api.ReleaseTensorRTProviderOptions,
			};
		default:
			return null;
	}
}
