import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import {
	type ModelInferResponse,
	ModelInferResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import fc from "fast-check";
import type { InferResponse } from "../../../endpoint/endpoint.ts";
import { InferResponseWriter } from "./infer-response.ts";

const RESPONSE: InferResponse = {
	modelName: "m",
	modelVersion: "1",
	id: "7",
	parameters: null,
	outputs: [
		{ name: "y", dtype: "INT8", shape: [1, 2], data: Uint8Array.of(5, 6) },
	],
};

function write(
	response: InferResponse,
	final = false,
	writer: InferResponseWriter = new InferResponseWriter(),
): Uint8Array {
	writer.prepare(response, final);
	// Surrounded by marks, so that a byte too many shows.
	const target = new Uint8Array(writer.byteLength + 6).fill(0xee);
	writer.writeTo(target, 3);
	assert.deepEqual([...target.subarray(0, 3)], [0xee, 0xee, 0xee]);
	assert.deepEqual([...target.subarray(-3)], [0xee, 0xee, 0xee]);
	return target.subarray(3, -3);
}

function decode(bytes: Uint8Array): ModelInferResponse {
	return fromBinary(ModelInferResponseSchema, bytes);
}

describe("writing ModelInferResponse", () => {
	test("gives the bytes of the protocol", () => {
		assert.equal(
			Buffer.from(write(RESPONSE)).toString("hex"),
			"0a016d" + // model_name "m"
				"120131" + // model_version "1"
				"1a0137" + // id "7"
				"2a0d0a01791204494e54381a020102" + // outputs { "y" "INT8" [1, 2] }
				"32020506", // raw_output_contents
		);
	});

	test("marks answers on streams as final", () => {
		const { parameters } = decode(write(RESPONSE, true));
		assert.deepEqual(parameters["triton_final_response"]?.parameterChoice, {
			case: "boolParam",
			value: true,
		});
	});

	test("writes parameters of every kind", () => {
		const parameters = new Map<string, string | number | bigint | boolean>([
			["text", "é"],
			["yes", true],
			["low", -(2n ** 63n)],
			["high", 2n ** 64n - 1n],
			["half", 0.5],
		]);
		const message = decode(write({ ...RESPONSE, parameters }, true));
		const written = Object.entries(message.parameters).map(
			([key, { parameterChoice }]) => [key, parameterChoice.value] as const,
		);
		assert.deepEqual(
			new Map(written),
			new Map([...parameters, ["triton_final_response", true]]),
		);
	});

	test("gives every output an entry, empty ones too", () => {
		const empty = { ...RESPONSE.outputs[0]!, data: new Uint8Array(0) };
		const outputs = [empty, RESPONSE.outputs[0]!];
		const message = decode(write({ ...RESPONSE, outputs }));
		assert.deepEqual(
			message.rawOutputContents.map((bytes) => [...bytes]),
			[[], [5, 6]],
		);
	});

	test("one writer writes answers of many models and shapes in turn", () => {
		const writer = new InferResponseWriter();
		fc.assert(
			fc.property(response, fc.boolean(), (given, final) => {
				const message = decode(write(given, final, writer));
				assert.equal(message.modelName, given.modelName);
				assert.equal(message.modelVersion, given.modelVersion);
				assert.equal(message.id, given.id);
				assert.deepEqual(
					message.outputs.map(({ name, datatype, shape }, i) => ({
						name,
						dtype: datatype,
						shape: shape.map(Number),
						data: new Uint8Array(message.rawOutputContents[i] ?? []),
					})),
					given.outputs.map(({ data, ...output }) => ({
						...output,
						data: new Uint8Array(data),
					})),
				);
			}),
			{ seed: 9, numRuns: 400 },
		);
	});
});

const response: fc.Arbitrary<InferResponse> = fc.record({
	modelName: fc.constantFrom("a", "b", "ü"),
	modelVersion: fc.constantFrom("1", "2"),
	id: fc.string({ maxLength: 200 }),
	parameters: fc.constant(null),
	outputs: fc.array(
		fc.record({
			name: fc.constantFrom("x", "y"),
			dtype: fc.constantFrom("FP32", "INT64"),
			shape: fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 3 }),
			data: fc.uint8Array({ maxLength: 300 }),
		}),
		{ maxLength: 3 },
	),
});
