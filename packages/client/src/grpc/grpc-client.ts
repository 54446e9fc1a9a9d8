// Inference and sensor streams over gRPC.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { HEADER, isDType } from "@saccade/protocol";
import {
	ModelInferRequestSchema,
	type ModelInferResponse,
	ModelInferResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { ClientError, deadlineExceeded } from "../client-error.ts";
import {
	assertDeadline,
	type InferenceClient,
	type InferRequest,
	type InferResponse,
	traceHeaders,
} from "../inference.ts";
import {
	type ClientClock,
	clockOf,
	performanceClock,
} from "../streams/client-clock.ts";
import type { Opening } from "../streams/opening.ts";
import { SensorStream, type StreamListener } from "../streams/sensor-stream.ts";
import { errorOfStatus } from "./status.ts";
import { telemetryPipe } from "./telemetry-pipe.ts";

const INFER = "/inference.GRPCInferenceService/ModelInfer";

/** CLOCK_MONOTONIC: of streams whose clock domain is `host-monotonic`. */
export const hostClock: ClientClock = {
	nowNs: () => process.hrtime.bigint(),
	after: performanceClock.after,
};

export interface GrpcClientOptions {
	/** Of one message, either way. @default 64 MiB */
	readonly maxMessageBytes?: number;
}

export class GrpcClient implements InferenceClient {
	readonly #address: string;
	readonly #client: Client;

	/** Connects when it is first used. @param address `host:port` */
	constructor(
		address: string,
		{ maxMessageBytes = 64 << 20 }: GrpcClientOptions = {},
	) {
		this.#address = address;
		this.#client = new Client(address, credentials.createInsecure(), {
			"grpc.max_receive_message_length": maxMessageBytes,
			"grpc.max_send_message_length": maxMessageBytes,
			// A connection of its own: streams are not to wait behind those of others.
			"grpc.use_local_subchannel_pool": 1,
		});
	}

	async infer(request: InferRequest): Promise<InferResponse> {
		const { deadlineMs, signal } = request;
		assertDeadline(deadlineMs);
		const metadata = new Metadata();
		if (deadlineMs !== undefined)
			metadata.set(HEADER.deadlineMs, String(deadlineMs));
		for (const [name, value] of Object.entries(traceHeaders(request.trace)))
			metadata.set(name, value);
		const response = await new Promise<ModelInferResponse | undefined>(
			(resolve, reject) => {
				let timer: NodeJS.Timeout | undefined;
				const stop = (error: ClientError) => {
					settle();
					reject(error);
					call.cancel();
				};
				const onAbort = () =>
					stop(new ClientError("CANCELLED", "cancelled by the caller"));
				const settle = () => {
					clearTimeout(timer);
					signal?.removeEventListener("abort", onAbort);
				};
				const call = this.#client.makeUnaryRequest(
					INFER,
					encode,
					(bytes: Buffer) => fromBinary(ModelInferResponseSchema, bytes),
					request,
					metadata,
					(error, response) => {
						settle();
						if (error !== null) reject(errorOfStatus(error, this.#address));
						else resolve(response);
					},
				);
				signal?.addEventListener("abort", onAbort, { once: true });
				if (signal?.aborted === true) onAbort();
				// Not gRPC's own deadline, which is an instant of the wall clock.
				else if (deadlineMs !== undefined)
					timer = setTimeout(
						() => stop(deadlineExceeded(deadlineMs)),
						Math.ceil(deadlineMs),
					);
			},
		);
		return decode(response);
	}

	/**
	 * Opens a sensor stream; `opened` of what comes tells whether it was accepted.
	 * @param clock of the timestamps. @default by the clock domain: CLOCK_MONOTONIC, or from the start of the process
	 */
	openStream(
		opening: Opening,
		listener: StreamListener = {},
		clock: ClientClock = clockOf(opening),
	): SensorStream {
		return new SensorStream(
			telemetryPipe(this.#client, this.#address),
			opening,
			clock,
			listener,
		);
	}

	close(): void {
		this.#client.close();
	}
}

function encode({ model, version, inputs, outputs }: InferRequest): Buffer {
	const message = create(ModelInferRequestSchema, {
		modelName: model,
		modelVersion: version ?? "",
		inputs: inputs.map(({ name, datatype, shape }) => ({
			name,
			datatype,
			shape: shape.map(BigInt),
		})),
		outputs: (outputs ?? []).map((name) => ({ name })),
		rawInputContents: inputs.map(({ data }) => data),
	});
	return Buffer.from(toBinary(ModelInferRequestSchema, message));
}

function decode(response: ModelInferResponse | undefined): InferResponse {
	if (response === undefined)
		throw new ClientError("INTERNAL", "an answer without a message");
	return {
		model: response.modelName,
		version: response.modelVersion,
		outputs: response.outputs.map(({ name, datatype, shape }, i) => {
			const data = response.rawOutputContents[i];
			if (data === undefined || !isDType(datatype))
				throw new ClientError(
					"INTERNAL",
					`output '${name}' (${datatype}) came without its raw bytes`,
				);
			// A copy, so that typed arrays may view it: it begins where the message has it.
			return {
				name,
				datatype,
				shape: shape.map(Number),
				data: Uint8Array.from(data),
			};
		}),
	};
}
