// Requests of a bench in the two forms, encoded once: with protobuf-es and JSON, so that nothing of the server's own
// codecs measures itself.
import { create, toBinary } from "@bufbuild/protobuf";
import { HEADER } from "@saccade/protocol";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import type { HttpRequest } from "../../load-generator/http-pool.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** With the five bytes before a gRPC message. */
export function encodeGrpcRequest(
	model: string,
	inputs: readonly Tensor[],
): Uint8Array {
	return withPrefix(
		toBinary(
			ModelInferRequestSchema,
			create(ModelInferRequestSchema, {
				modelName: model,
				inputs: inputs.map(({ name, dtype, shape }) => ({
					name,
					datatype: dtype,
					shape: shape.map(BigInt),
				})),
				rawInputContents: inputs.map(({ data }) => data),
			}),
		),
	);
}

export function withPrefix(message: Uint8Array): Uint8Array {
	const framed = new Uint8Array(5 + message.length);
	new DataView(framed.buffer).setUint32(1, message.length);
	framed.set(message, 5);
	return framed;
}

/** With the binary tensor extension, answers too. */
export function encodeHttpRequest(
	model: string,
	inputs: readonly Tensor[],
	host: string,
): HttpRequest {
	const json = Buffer.from(
		JSON.stringify({
			inputs: inputs.map(({ name, dtype, shape, data }) => ({
				name,
				shape,
				datatype: dtype,
				parameters: { binary_data_size: data.byteLength },
			})),
			parameters: { binary_data_output: true },
		}),
	);
	const body = Buffer.concat([json, ...inputs.map(({ data }) => data)]);
	const head = [
		`POST /v2/models/${encodeURIComponent(model)}/infer HTTP/1.1`,
		`host: ${host}`,
		"content-type: application/octet-stream",
		`${HEADER.inferenceHeaderLength}: ${json.length}`,
		`content-length: ${body.length}`,
		"",
	].join("\r\n");
	return { head, body };
}
