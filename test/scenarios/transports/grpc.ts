// Scenarios over gRPC: raw contents, typed contents, and one request on a stream; through grpc-js.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ClientUnaryCall, ServiceError } from "@grpc/grpc-js";
import { type DType, isDType } from "@saccade/protocol";
import {
	type InferParameter,
	ModelInferRequestSchema,
	type ModelInferResponse,
	ModelInferResponseSchema,
	ModelStreamInferResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import type { TestClient } from "../../../packages/server/src/transport/grpc/test-support/client.ts";
import type {
	Answer,
	Outcome,
	Parameter,
	ScenarioInput,
	ScenarioRequest,
	ScenarioTransport,
} from "../scenario.ts";
import { fromBytes, toBytes, type Value } from "../tensors.ts";

const SERVICE = "/inference.GRPCInferenceService";
export const ModelInfer = {
	path: `${SERVICE}/ModelInfer`,
	request: ModelInferRequestSchema,
	response: ModelInferResponseSchema,
};
export const ModelStreamInfer = {
	path: `${SERVICE}/ModelStreamInfer`,
	request: ModelInferRequestSchema,
	response: ModelStreamInferResponseSchema,
};

type Init = MessageInitShape<typeof ModelInferRequestSchema>;
type Contents = "raw" | "typed";

export function createUnaryTransport(
	client: TestClient,
	contents: Contents,
): ScenarioTransport {
	return {
		name: `gRPC ${contents} contents`,
		kind: "grpc",
		infer: async (ask, signal) => {
			const cancelOnAbort = (call: ClientUnaryCall) =>
				signal?.addEventListener("abort", () => call.cancel());
			try {
				const response = await client.unary(
					ModelInfer,
					toMessage(ask, contents),
					ask.headers,
					cancelOnAbort,
				);
				return { ok: true, answer: toAnswer(response) };
			} catch (error) {
				return toFailure(error as ServiceError);
			}
		},
		close: () => {},
	};
}

/** Errors are told in the stream, which stays open. */
export function createStreamTransport(client: TestClient): ScenarioTransport {
	return {
		name: "gRPC stream",
		kind: "grpc",
		infer: async (ask, signal) => {
			const stream = client.bidi(ModelStreamInfer, ask.headers);
			signal?.addEventListener("abort", () => stream.cancel());
			stream.write(create(ModelInferRequestSchema, toMessage(ask, "raw")));
			stream.end();
			try {
				const [told] = await stream.toArray();
				if (told.errorMessage === "")
					return { ok: true, answer: toAnswer(told.inferResponse) };
				return {
					ok: false,
					status: null,
					text: told.errorMessage,
					refusedBecause: null,
				};
			} catch (error) {
				return toFailure(error as ServiceError);
			}
		},
		close: () => {},
	};
}

export function toMessage(ask: ScenarioRequest, contents: Contents): Init {
	const sent = ask.inputs.filter(({ absent }) => absent !== true);
	return {
		modelName: ask.model,
		modelVersion: ask.version ?? "",
		id: ask.id ?? "",
		parameters: toParameters(ask.parameters),
		inputs: ask.inputs.map((input) => ({
			name: input.name,
			datatype: input.dtype,
			shape: input.shape.map(BigInt),
			parameters: toParameters(input.parameters),
			...(contents === "typed" &&
				input.absent !== true && { contents: typedContents(input) }),
		})),
		outputs: (ask.outputs ?? []).map(({ name, parameters }) => ({
			name,
			parameters: toParameters(parameters),
		})),
		rawInputContents:
			contents === "raw"
				? sent.map(
						({ bytes, dtype, values }) => bytes ?? toBytes(dtype, values),
					)
				: [],
	} as Init;
}

function toParameters(
	parameters: Readonly<Record<string, Parameter>> = {},
): Record<string, Pick<InferParameter, "parameterChoice">> {
	return Object.fromEntries(
		Object.entries(parameters).map(([key, value]) => [
			key,
			{ parameterChoice: choice(value) },
		]),
	);
}

function choice(value: Parameter): InferParameter["parameterChoice"] {
	if (typeof value === "string") return { case: "stringParam", value };
	if (typeof value === "boolean") return { case: "boolParam", value };
	if (typeof value === "bigint" || Number.isSafeInteger(value))
		return { case: "int64Param", value: BigInt(value) };
	return { case: "doubleParam", value };
}

const FIELD = {
	BOOL: "boolContents",
	INT8: "intContents",
	INT16: "intContents",
	INT32: "intContents",
	INT64: "int64Contents",
	UINT8: "uintContents",
	UINT16: "uintContents",
	UINT32: "uintContents",
	UINT64: "uint64Contents",
	FP32: "fp32Contents",
	FP64: "fp64Contents",
	BYTES: "bytesContents",
	// The protocol has no field for them.
	FP16: "intContents",
	BF16: "intContents",
} as const satisfies Record<DType, string>;

function typedContents({ dtype, values }: ScenarioInput) {
	const toElement = (value: Value) => {
		if (dtype === "BYTES") return Buffer.from(String(value));
		if (dtype === "INT64" || dtype === "UINT64") return BigInt(value);
		return value;
	};
	return { [FIELD[dtype]]: values.map(toElement) };
}

export function toAnswer(response: ModelInferResponse | undefined): Answer {
	if (response === undefined) throw new Error("an answer without a response");
	return {
		model: response.modelName,
		version: response.modelVersion,
		id: response.id,
		outputs: response.outputs.map(({ name, datatype, shape }, index) => {
			if (!isDType(datatype)) throw new Error(`data type ${datatype}`);
			const bytes = response.rawOutputContents[index] ?? new Uint8Array(0);
			return {
				name,
				dtype: datatype,
				shape: shape.map(Number),
				values: fromBytes(datatype, bytes),
			};
		}),
	};
}

function toFailure(error: ServiceError): Outcome {
	const [because] = error.metadata?.get("saccade-refused-because") ?? [];
	return {
		ok: false,
		status: error.code,
		text: error.details,
		refusedBecause: because === undefined ? null : String(because),
	};
}
