// ModelInfer messages of the bundled model `mlp`: 64 floats in, 10 out.
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";

/** As many as are in flight; each has its own id and values. */
export const IN_FLIGHT = 64;

export function mlpRequests(modelName = "mlp"): Uint8Array[] {
	return Array.from({ length: IN_FLIGHT }, (_, i) =>
		toBinary(
			ModelInferRequestSchema,
			create(ModelInferRequestSchema, {
				modelName,
				id: `request-${String(i).padStart(2, "0")}`,
				inputs: [{ name: "input", datatype: "FP32", shape: [1n, 64n] }],
				outputs: [{ name: "output" }],
				rawInputContents: [new Uint8Array(new Float32Array(64).fill(i).buffer)],
			}),
		),
	);
}
