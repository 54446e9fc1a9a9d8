// The server side of gRPC's interoperability cases, with the methods that any user of @saccade/grpc has.
// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
import { setTimeout as sleep } from "node:timers/promises";
import {
	bidiMethod,
	clientStreamMethod,
	GrpcError,
	type MethodHandler,
	type ServerCall,
	Status,
	serverStreamMethod,
	statusDetails,
	unaryMethod,
} from "@saccade/grpc";
import {
	type EchoStatus,
	emptyMessage,
	inputRequest,
	inputResponse,
	type OutputRequest,
	outputRequest,
	outputResponse,
	type ResponseParameters,
	type SimpleResponse,
	simpleRequest,
	simpleResponse,
} from "./messages.ts";

const ECHO_INITIAL = "x-grpc-test-echo-initial";
const ECHO_TRAILING = "x-grpc-test-echo-trailing-bin";
/** Not of the cases: an error with details, for clients that decode them. */
const WITH_DETAILS = "x-test-details";

/** An answer, and whether the client wants it compressed. */
interface Answer {
	readonly message: SimpleResponse;
	readonly isCompressed: boolean;
}

function answerOf(size: number, isCompressed: boolean): Answer {
	return { message: { payload: { body: new Uint8Array(size) } }, isCompressed };
}

function echoMetadata(call: ServerCall): void {
	const initial = call.metadata.get(ECHO_INITIAL);
	if (initial !== undefined) call.sendMetadata([[ECHO_INITIAL, initial]]);
	const trailing = call.metadata.getBinary(ECHO_TRAILING);
	if (trailing !== undefined) call.trailers = [[ECHO_TRAILING, trailing]];
}

function assertStatusOk(
	call: ServerCall,
	status: EchoStatus | null | undefined,
): void {
	if (!status) return;
	const { code, message } = status;
	const detail = { typeUrl: "type.googleapis.com/grpc.testing.EchoStatus" };
	const trailers =
		call.metadata.get(WITH_DETAILS) === undefined
			? []
			: [
					statusDetails(code as Status, message, [
						{ ...detail, value: Uint8Array.of(8, code) },
					]),
				];
	throw new GrpcError(code as Status, message, trailers);
}

/** Compression is announced for a call; that is as much as a handler can see of it. */
function assertCompressed(call: ServerCall, isExpected: boolean): void {
	const encoding = call.metadata.get("grpc-encoding") ?? "identity";
	if (isExpected && encoding === "identity")
		throw new GrpcError(
			Status.INVALID_ARGUMENT,
			"the request is not compressed",
		);
}

type Send = (answer: Answer) => Promise<void>;

async function sendAll(
	parameters: readonly ResponseParameters[] | undefined,
	send: Send,
): Promise<void> {
	for (const { size, intervalUs, compressed } of parameters ?? []) {
		if (intervalUs) await sleep(intervalUs / 1000);
		await send(answerOf(size, compressed?.value === true));
	}
}

const streamCodec = {
	decode: outputRequest.decode,
	encode: ({ message }: Answer) => outputResponse.encode(message),
	compress: ({ isCompressed }: Answer) => isCompressed,
	open: echoMetadata,
};

const METHODS: Readonly<Record<string, MethodHandler>> = {
	EmptyCall: unaryMethod({
		...emptyMessage,
		open: echoMetadata,
		handle: () => ({}),
	}),
	UnaryCall: unaryMethod({
		decode: simpleRequest.decode,
		encode: ({ message }: Answer) => simpleResponse.encode(message),
		compress: ({ isCompressed }: Answer) => isCompressed,
		open: echoMetadata,
		handle: (request, call) => {
			assertCompressed(call, request.expectCompressed?.value === true);
			assertStatusOk(call, request.responseStatus);
			return answerOf(
				request.responseSize ?? 0,
				request.responseCompressed?.value === true,
			);
		},
	}),
	StreamingOutputCall: serverStreamMethod({
		...streamCodec,
		handle: async (request, send, call) => {
			assertStatusOk(call, request.responseStatus);
			await sendAll(request.responseParameters, send);
		},
	}),
	StreamingInputCall: clientStreamMethod({
		decode: inputRequest.decode,
		encode: inputResponse.encode,
		open: echoMetadata,
		handle: async (requests, call) => {
			let size = 0;
			for await (const { payload, expectCompressed } of requests) {
				assertCompressed(call, expectCompressed?.value === true);
				size += payload?.body.byteLength ?? 0;
			}
			return { aggregatedPayloadSize: size };
		},
	}),
	FullDuplexCall: bidiMethod({
		...streamCodec,
		handle: async (requests, send, call) => {
			for await (const request of requests) {
				assertStatusOk(call, request.responseStatus);
				await sendAll(request.responseParameters, send);
			}
		},
	}),
	HalfDuplexCall: bidiMethod({
		...streamCodec,
		handle: async (requests, send) => {
			const all: OutputRequest[] = [];
			for await (const request of requests) all.push(request);
			for (const request of all)
				await sendAll(request.responseParameters, send);
		},
	}),
};

export const interopMethods: ReadonlyMap<string, MethodHandler> = new Map(
	Object.entries(METHODS).map(([name, handler]) => [
		`/grpc.testing.TestService/${name}`,
		handler,
	]),
);
