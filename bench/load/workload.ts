// A workload: distinct requests and the answer that each must get. Encoded with protobuf-es and JSON, never
// with the server's own codecs, so that a defect there cannot hide.
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { mulberry32 } from "../lib/stats.ts";

export interface WorkloadModel {
	readonly name: string;
	readonly input: string;
	/** With the batch dimension. */
	readonly inputShape: readonly number[];
	readonly output: string;
	readonly outputShape: readonly number[];
}

export const DISTINCT_INPUTS = 64;

/** Seeded FP32 inputs in [0, 1). */
export function makeInputs(
	model: WorkloadModel,
	count = DISTINCT_INPUTS,
): Float32Array[] {
	const random = mulberry32(42);
	const elements = model.inputShape.reduce((a, b) => a * b, 1);
	return Array.from({ length: count }, () => {
		const values = new Float32Array(elements);
		for (let i = 0; i < elements; i++) values[i] = random();
		return values;
	});
}

/** One gRPC message with its 5-byte prefix. */
export function encodeGrpc(
	model: WorkloadModel,
	input: Float32Array,
): Uint8Array {
	const message = toBinary(
		ModelInferRequestSchema,
		create(ModelInferRequestSchema, {
			modelName: model.name,
			inputs: [
				{
					name: model.input,
					datatype: "FP32",
					shape: model.inputShape.map(BigInt),
				},
			],
			outputs: [{ name: model.output }],
			rawInputContents: [bytesOf(input)],
		}),
	);
	const framed = new Uint8Array(5 + message.length);
	new DataView(framed.buffer).setUint32(1, message.length);
	framed.set(message, 5);
	return framed;
}

/** One HTTP/1.1 request with the binary tensor extension, head included. */
export function encodeHttp(
	model: WorkloadModel,
	input: Float32Array,
	host: string,
): Uint8Array {
	const json = Buffer.from(
		JSON.stringify({
			inputs: [
				{
					name: model.input,
					shape: model.inputShape,
					datatype: "FP32",
					parameters: { binary_data_size: input.byteLength },
				},
			],
			outputs: [{ name: model.output, parameters: { binary_data: true } }],
		}),
	);
	const head = Buffer.from(
		`POST /v2/models/${model.name}/infer HTTP/1.1\r\nHost: ${host}\r\n` +
			`Content-Type: application/octet-stream\r\n` +
			`Inference-Header-Content-Length: ${json.length}\r\n` +
			`Content-Length: ${json.length + input.byteLength}\r\n\r\n`,
	);
	return Buffer.concat([head, json, bytesOf(input)]);
}

export function bytesOf(values: Float32Array): Buffer {
	return Buffer.from(
		values.buffer as ArrayBuffer,
		values.byteOffset,
		values.byteLength,
	);
}

/** From this size on an answer is first compared as it is: most are equal bit by bit, and numbers take far longer. */
const COMPARED_WHOLE_FROM_BYTES = 4096;

/**
 * True when the last bytes of `message` are `expected` within float rounding: batching may change the order
 * of additions. Both wire forms put the raw tensor last.
 */
export function endsWithFloats(
	message: Uint8Array,
	end: number,
	expected: Float32Array,
): boolean {
	const start = end - expected.byteLength;
	if (start < 0) return false;
	const isLarge = expected.byteLength >= COMPARED_WHOLE_FROM_BYTES;
	if (isLarge && bytesOf(expected).equals(message.subarray(start, end)))
		return true;
	const view = new DataView(message.buffer, message.byteOffset + start);
	for (let i = 0; i < expected.length; i++) {
		const got = view.getFloat32(i * 4, true);
		const want = expected[i]!;
		if (!(Math.abs(got - want) <= 1e-3 * Math.abs(want) + 1e-4)) return false;
	}
	return true;
}
