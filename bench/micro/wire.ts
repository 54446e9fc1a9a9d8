// The wire in memory: HTTP/2 and gRPC of a small request without the kernel, and the head of it alone.
import {
	createGrpcServer,
	type MessageSink,
	type MethodHandler,
	type ServerCall,
} from "@saccade/grpc";
import { encodeHeaders } from "../../packages/grpc/src/hpack/encoder.ts";
import { HeadParser } from "../../packages/grpc/src/http2/head-parser.ts";
import { type AnyCase, cycle, defineCase } from "./case.ts";
import { MemoryClient, prefixed } from "./support/memory-client.ts";
import { IN_FLIGHT, mlpRequests } from "./support/messages.ts";

const PATH = "/inference.GRPCInferenceService/ModelInfer";
const MAX_LIST_BYTES = 16 * 1024;
const ANSWER = new Uint8Array(51);

/** Takes the message where it lies and answers at once. */
class Reply implements MessageSink {
	readonly byteLength = ANSWER.length;
	readonly #call: ServerCall;

	constructor(call: ServerCall) {
		this.#call = call;
	}

	begin(_byteLength: number, first: Uint8Array): Uint8Array {
		return first;
	}

	writeTo(target: Uint8Array, offset: number): void {
		target.set(ANSWER, offset);
	}

	end(): void {}

	halfClose(): void {
		this.#call.reply(this);
	}

	abort(): void {}
}

const METHOD: MethodHandler = {
	kind: "unary",
	open: (call) => new Reply(call),
};

function block(timeout: string): Buffer {
	return Buffer.from(
		encodeHeaders([
			[":method", "POST"],
			[":scheme", "http"],
			[":path", PATH],
			[":authority", "127.0.0.1:8001"],
			["content-type", "application/grpc"],
			["te", "trailers"],
			["user-agent", "grpc-go/1.85.0"],
			["grpc-timeout", timeout],
		]),
	);
}

function headCase(name: string, blocks: readonly Buffer[]): AnyCase {
	return defineCase({
		name,
		budget: null,
		setup: () => ({
			next: cycle(blocks),
			parser: new HeadParser(MAX_LIST_BYTES),
		}),
		run: ({ next, parser }) => {
			const bytes = next();
			return parser.parse(bytes, 0, bytes.length);
		},
	});
}

export const wireCases: readonly AnyCase[] = [
	headCase("wire/hpack/block-hit", [block("1000m")]),
	headCase(
		"wire/hpack/block-changes",
		Array.from({ length: IN_FLIGHT }, (_, i) => block(`${10_000_000 + i}u`)),
	),
	defineCase({
		name: "wire/unary/in-memory",
		budget: "wire",
		requestCount: IN_FLIGHT,
		setup: () => {
			const server = createGrpcServer({ methods: new Map([[PATH, METHOD]]) });
			const messages = mlpRequests().map(prefixed);
			return { server, client: new MemoryClient(server, messages) };
		},
		run: ({ client }) => client.roundTrip(),
		close: ({ server, client }) => {
			client.close();
			server.destroy();
		},
	}),
];
