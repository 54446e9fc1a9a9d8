// What a loaded model expects and yields, read once.
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import type { OrtEnvironment } from "./environment.ts";
import { type Pointer, readCString } from "./native.ts";
import { check } from "./status.ts";
import { readElementType, readShape } from "./values.ts";

export interface Signature {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
}

/** Throws LOAD_FAILED for an input or output that is no tensor of the protocol's element types. */
export function readSignature(
	env: OrtEnvironment,
	session: Pointer,
): Signature {
	const { api } = env;
	const inputCount = env.number("count inputs", (out) =>
		api.SessionGetInputCount(session, out),
	);
	const outputCount = env.number("count outputs", (out) =>
		api.SessionGetOutputCount(session, out),
	);
	return {
		inputs: Array.from({ length: inputCount }, (_, index) =>
			readSpec(
				env,
				(out) => api.SessionGetInputName(session, index, env.allocator, out),
				(out) => api.SessionGetInputTypeInfo(session, index, out),
			),
		),
		outputs: Array.from({ length: outputCount }, (_, index) =>
			readSpec(
				env,
				(out) => api.SessionGetOutputName(session, index, env.allocator, out),
				(out) => api.SessionGetOutputTypeInfo(session, index, out),
			),
		),
	};
}

type OutCall = (out: BigUint64Array) => bigint | null;

function readSpec(
	env: OrtEnvironment,
	getName: OutCall,
	getType: OutCall,
): TensorSpec {
	const text = env.pointer("read a name", getName);
	const name = readCString(text);
	env.api.AllocatorFree(env.allocator, text);
	const typeInfo = env.pointer("read a type", getType);
	try {
		const info = env.pointer("read a tensor type", (out) =>
			env.api.CastTypeInfoToTensorInfo(typeInfo, out),
		);
		// NULL: a sequence, a map or an optional.
		const dtype = info === 0n ? null : readElementType(env, info);
		if (dtype === null)
			throw new SaccadeError(
				"LOAD_FAILED",
				`'${name}' is not a tensor of a type that the Open Inference Protocol has`,
			);
		const shape = readShape(env, info);
		return { name, dtype, shape, dimNames: readDimNames(env, info, shape) };
	} finally {
		env.api.ReleaseTypeInfo(typeInfo);
	}
}

/** They belong to `info`. */
function readDimNames(
	env: OrtEnvironment,
	info: Pointer,
	{ length }: readonly number[],
): readonly string[] {
	const pointers = new BigUint64Array(length);
	check(
		env.api,
		env.api.GetSymbolicDimensions(info, pointers, length),
		"INTERNAL",
		"read the names of dimensions",
	);
	return Array.from(pointers, (pointer) =>
		pointer === 0n ? "" : readCString(pointer),
	);
}
