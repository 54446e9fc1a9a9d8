// The body of an HTTP infer request, per small request (64 floats): as JSON, and with the binary extension.
import type { CallContext } from "../../packages/server/src/endpoint/endpoint.ts";
import {
	type BodyParts,
	decodeInfer,
	toDecoded,
} from "../../packages/server/src/transport/http/decode.ts";
import { KnownHeads } from "../../packages/server/src/transport/http/json/known-heads.ts";
import { mulberry32 } from "../lib/stats.ts";
import { type AnyCase, cycle, defineCase } from "./case.ts";
import { IN_FLIGHT } from "./support/messages.ts";

const TARGET = { modelName: "mlp", modelVersion: "" };
const CONTEXT: CallContext = {
	deadlineUs: Number.POSITIVE_INFINITY,
	receivedUs: 0,
	trace: null,
};
const MAX_JSON_BYTES = 1 << 20;
const INPUT = { name: "input", shape: [1, 64], datatype: "FP32" };

export const httpJsonCases: readonly AnyCase[] = [
	defineCase({
		name: "http/decode/json",
		budget: null,
		setup: () => cycle(inputs().map(jsonBody)),
		run: (next) => decodeInfer(next(), TARGET, CONTEXT, null),
	}),
	defineCase({
		name: "http/decode/binary",
		budget: null,
		setup: () => cycle(inputs().map(binaryBody)),
		run: (next) => decodeInfer(next(), TARGET, CONTEXT, null),
	}),
	defineCase({
		name: "http/decode/known",
		budget: null,
		setup: () => ({
			heads: new KnownHeads(),
			next: cycle(inputs().map(binaryBody)),
		}),
		run: ({ heads, next }) => {
			const parsed = heads.parse(next(), TARGET.modelName);
			return toDecoded(parsed, TARGET, CONTEXT, null);
		},
	}),
];

function inputs(): Float32Array[] {
	const random = mulberry32(4);
	return Array.from({ length: IN_FLIGHT }, () =>
		new Float32Array(64).map(() => random()),
	);
}

function jsonBody(input: Float32Array): BodyParts {
	const data = [...input];
	const bytes = Buffer.from(JSON.stringify({ inputs: [{ ...INPUT, data }] }));
	return { bytes, jsonLength: null, maxJsonBytes: MAX_JSON_BYTES };
}

function binaryBody(input: Float32Array): BodyParts {
	const parameters = { binary_data_size: input.byteLength };
	const json = Buffer.from(
		JSON.stringify({ inputs: [{ ...INPUT, parameters }] }),
	);
	return {
		bytes: Buffer.concat([json, Buffer.from(input.buffer)]),
		jsonLength: json.length,
		maxJsonBytes: MAX_JSON_BYTES,
	};
}
