// What the drain looks like to gRPC clients.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, type StatusObject } from "@grpc/grpc-js";
import {
	HealthCheckRequestSchema,
	HealthCheckResponseSchema,
	type HealthCheckResponse_ServingStatus as Serving,
} from "@saccade/protocol/gen/grpc/health/v1/health_pb.js";
import {
	ModelInferRequestSchema,
	ModelInferResponseSchema,
	ModelStreamInferResponseSchema,
	ServerReadyRequestSchema,
	ServerReadyResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { TestClient } from "../../../packages/server/src/transport/grpc/test-support/client.ts";

const SERVICE = "/inference.GRPCInferenceService";

export function openGrpc(
	test: { readonly after: (clean: () => void) => void },
	address: string,
) {
	const client = new TestClient(address);
	const raw = new Client(address, credentials.createInsecure());
	test.after(() => {
		client.close();
		raw.close();
	});
	return {
		async isReady(): Promise<boolean> {
			const method = {
				path: `${SERVICE}/ServerReady`,
				request: ServerReadyRequestSchema,
				response: ServerReadyResponseSchema,
			};
			return (await client.unary(method, {})).ready;
		},
		/** The first value of the answer to a 7. */
		async infer(modelName: string): Promise<number | undefined> {
			const method = {
				path: `${SERVICE}/ModelInfer`,
				request: ModelInferRequestSchema,
				response: ModelInferResponseSchema,
			};
			const { rawOutputContents } = await client.unary(method, {
				modelName,
				inputs: [{ name: "INPUT0", datatype: "FP32", shape: [1n, 1n] }],
				rawInputContents: [new Uint8Array(Float32Array.of(7).buffer)],
			});
			const [bytes = new Uint8Array()] = rawOutputContents;
			return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
		},
		/** An open stream without requests; resolves with the status that ends it. */
		inferStream(): Promise<number> {
			const stream = client.bidi({
				path: `${SERVICE}/ModelStreamInfer`,
				request: ModelInferRequestSchema,
				response: ModelStreamInferResponseSchema,
			});
			stream.on("error", () => {}).on("data", () => {});
			return new Promise((resolve) => {
				stream.on("status", ({ code }: StatusObject) => resolve(code));
			});
		},
		/** Resolves when the server has ended the watch. */
		watch(hear: (status: Serving) => void): Promise<void> {
			const request = Buffer.from(
				toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema)),
			);
			const stream = raw.makeServerStreamRequest(
				"/grpc.health.v1.Health/Watch",
				(bytes: Buffer) => bytes,
				(bytes: Buffer) => fromBinary(HealthCheckResponseSchema, bytes),
				request,
			);
			stream.on("data", ({ status }) => hear(status));
			return new Promise((resolve, reject) => {
				stream.on("error", reject).on("end", resolve);
			});
		},
	};
}
