// ModelInfer in and out, per small request (64 floats in, 10 out), by hand and by protobuf-es.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
	ModelInferRequestSchema,
	ModelInferResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { InferRequestReader } from "../../packages/server/src/transport/grpc/codec/infer-request.ts";
import { InferResponseWriter } from "../../packages/server/src/transport/grpc/codec/infer-response.ts";
import { type AnyCase, cycle, defineCase } from "./case.ts";
import { IN_FLIGHT, mlpRequests } from "./support/messages.ts";

interface Reading {
	readonly next: () => Uint8Array;
	readonly reader: InferRequestReader;
}

function read({ next, reader }: Reading): unknown {
	const bytes = next();
	reader.glimpse(bytes);
	return reader.read(bytes);
}

export const grpcCodecCases: readonly AnyCase[] = [
	defineCase<Reading>({
		name: "grpc-codec/request/by-hand",
		budget: "decode + encode",
		setup: () => ({
			next: cycle(mlpRequests()),
			reader: new InferRequestReader(),
		}),
		run: read,
	}),
	defineCase<Reading>({
		name: "grpc-codec/request/by-hand, head never seen",
		budget: null,
		// More models than heads are kept: each request misses.
		setup: () => ({
			next: cycle(
				Array.from(
					{ length: IN_FLIGHT },
					(_, i) => mlpRequests(`mlp-${i}`)[i] ?? new Uint8Array(0),
				),
			),
			reader: new InferRequestReader(),
		}),
		run: read,
	}),
	defineCase({
		name: "grpc-codec/request/protobuf-es",
		budget: null,
		setup: () => cycle(mlpRequests()),
		run: (next) => fromBinary(ModelInferRequestSchema, next()),
	}),
	defineCase({
		name: "grpc-codec/response/by-hand",
		budget: "decode + encode",
		setup: () => ({
			next: cycle(responses()),
			writer: new InferResponseWriter(),
			target: new Uint8Array(4096),
		}),
		run: ({ next, writer, target }) => {
			writer.prepare(next(), false);
			writer.writeTo(target, 0);
		},
	}),
	defineCase({
		name: "grpc-codec/response/protobuf-es",
		budget: null,
		setup: () => cycle(responses()),
		run: (next) => {
			const { outputs, modelName, modelVersion, id } = next();
			return toBinary(
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
		},
	}),
];

function responses() {
	return Array.from({ length: IN_FLIGHT }, (_, i) => ({
		modelName: "mlp",
		modelVersion: "1",
		id: `request-${i}`,
		parameters: null,
		outputs: [
			{
				name: "output",
				dtype: "FP32" as const,
				shape: [1, 10],
				data: new Uint8Array(new Float32Array(10).fill(i).buffer),
			},
		],
	}));
}
