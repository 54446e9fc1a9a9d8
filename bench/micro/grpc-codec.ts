// ModelInfer in and out, per small request (64 floats in, 10 out), by hand and by protobuf-es.
//   node -C source bench/micro/grpc-codec.ts [REGEX]
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
	ModelInferRequestSchema,
	ModelInferResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { bench, run } from "mitata";
import { InferRequestReader } from "../../packages/server/src/transport/grpc/codec/infer-request.ts";
import { InferResponseWriter } from "../../packages/server/src/transport/grpc/codec/infer-response.ts";

/** As many as fit in flight; each has its own id and values. */
const REQUESTS = 64;

/** Each makes its data once and returns the step that is measured. */
export const cases: Readonly<Record<string, () => () => void>> = {
	"grpc-codec/request/by-hand": () => {
		const next = cycle(requests("mlp"));
		const reader = new InferRequestReader();
		return () => {
			const bytes = next();
			reader.glimpse(bytes);
			reader.read(bytes);
		};
	},
	"grpc-codec/request/by-hand, head never seen": () => {
		// More models than heads are kept: each request misses.
		const messages = Array.from({ length: REQUESTS }, (_, i) => [
			...requests(`mlp-${i}`),
		]);
		const next = cycle(messages.map((of, i) => of[i] ?? new Uint8Array(0)));
		const reader = new InferRequestReader();
		return () => {
			const bytes = next();
			reader.glimpse(bytes);
			reader.read(bytes);
		};
	},
	"grpc-codec/request/protobuf-es": () => {
		const next = cycle(requests("mlp"));
		return () => fromBinary(ModelInferRequestSchema, next());
	},
	"grpc-codec/response/by-hand": () => {
		const next = cycle(responses());
		const writer = new InferResponseWriter();
		const target = new Uint8Array(4096);
		return () => {
			writer.prepare(next(), false);
			writer.writeTo(target, 0);
		};
	},
	"grpc-codec/response/protobuf-es": () => {
		const next = cycle(responses());
		return () => {
			const { outputs, modelName, modelVersion, id } = next();
			toBinary(
				ModelInferResponseSchema,
				create(ModelInferResponseSchema, {
					modelName,
					modelVersion,
					id,
					outputs: outputs.map(({ name, dtype, shape }) => ({
						name,
						datatype: dtype,
						shape: shape.map(BigInt),
					})),
					rawOutputContents: outputs.map(({ data }) => data),
				}),
			);
		};
	},
};

function requests(modelName: string): Uint8Array[] {
	return Array.from({ length: REQUESTS }, (_, i) =>
		toBinary(
			ModelInferRequestSchema,
			create(ModelInferRequestSchema, {
				modelName,
				id: `request-${i}`,
				inputs: [{ name: "input", datatype: "FP32", shape: [1n, 64n] }],
				outputs: [{ name: "scores" }],
				rawInputContents: [new Uint8Array(new Float32Array(64).fill(i).buffer)],
			}),
		),
	);
}

function responses() {
	return Array.from({ length: REQUESTS }, (_, i) => ({
		modelName: "mlp",
		modelVersion: "1",
		id: `request-${i}`,
		parameters: null,
		outputs: [
			{
				name: "scores",
				dtype: "FP32" as const,
				shape: [1, 10],
				data: new Uint8Array(new Float32Array(10).fill(i).buffer),
			},
		],
	}));
}

function cycle<T>(items: readonly T[]): () => T {
	let at = 0;
	return () => items[at++ % items.length]!;
}

if (import.meta.main) {
	const wanted = new RegExp(process.argv[2] ?? "");
	for (const [name, prepare] of Object.entries(cases))
		if (wanted.test(name)) bench(name, prepare());
	await run();
}
