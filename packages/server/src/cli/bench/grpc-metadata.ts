// ModelMetadata by the generator's own connection: one call, and no client library for it.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { isDType } from "@saccade/protocol";
import {
	ModelMetadataRequestSchema,
	ModelMetadataResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import type { OpenCall } from "../../load-generator/connection.ts";
import { GrpcLoadConnection } from "../../load-generator/grpc-connection.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import { withPrefix } from "./encode.ts";

const PATH = "/inference.GRPCInferenceService/ModelMetadata";
const WITHIN_MS = 10_000;

/** The model's inputs. Throws when the server cannot be reached, or does not know the model. */
export async function describeOverGrpc(
	address: { readonly host: string; readonly port: number },
	model: string,
): Promise<TensorSpec[]> {
	const at = `${address.host}:${address.port}`;
	const request = toBinary(
		ModelMetadataRequestSchema,
		create(ModelMetadataRequestSchema, { name: model }),
	);
	const answer = await askOnce(address, withPrefix(request)).catch(
		(error: Error) => {
			throw new Error(`no gRPC server answers at ${at}: ${error.message}`);
		},
	);
	if (answer === null)
		throw new Error(`the server at ${at} does not serve a model '${model}'`);
	const { inputs } = fromBinary(
		ModelMetadataResponseSchema,
		answer.subarray(5),
	);
	return inputs.map(({ name, datatype, shape }) => {
		if (!isDType(datatype))
			throw new Error(`input '${name}' has the unknown type '${datatype}'`);
		return { name, dtype: datatype, shape: shape.map(Number) };
	});
}

/** The answer with its prefix; null: an error status. */
async function askOnce(
	address: { readonly host: string; readonly port: number },
	message: Uint8Array,
): Promise<Buffer | null> {
	const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
	const timer = setTimeout(
		() => reject(new Error(`nothing came within ${WITHIN_MS / 1000} s`)),
		WITHIN_MS,
	);
	const connection = new GrpcLoadConnection(
		{ ...address, tellsDeadline: true },
		PATH,
		[message],
		{
			answered: (_, kind, _because, body) =>
				resolve(kind === "ok" ? body : null),
			failed: reject,
		},
	);
	try {
		const nowUs = performance.now() * 1000;
		connection.submit(callUntil(nowUs, nowUs + WITHIN_MS * 1000));
		return await promise;
	} finally {
		clearTimeout(timer);
		connection.destroy();
	}
}

function callUntil(scheduledUs: number, deadlineUs: number): OpenCall {
	return {
		index: 0,
		scheduledUs,
		deadlineUs,
		state: "waiting",
		streamId: 0,
		sentBytes: 0,
		windowBytes: 0,
		parts: [],
	};
}
