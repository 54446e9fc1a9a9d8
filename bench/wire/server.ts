// The wire alone: every variant takes a whole message into memory of its own and answers the same bytes.
//   server.ts VARIANT        prints its port
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import {
	createGrpcServer,
	type MessageSink,
	type MethodHandler,
	type ServerCall,
} from "@saccade/grpc";

export const PATH = "/inference.GRPCInferenceService/ModelInfer";
export const VARIANTS = ["reused-buffer", "data-events", "node-http2"] as const;
export type Variant = (typeof VARIANTS)[number];

/** Like a small ModelInferResponse: some fields, then ten FP32 that clients check. */
const ANSWER = Buffer.concat([
	Buffer.from("0a036d6c7012013122", "hex"),
	Buffer.from(Float32Array.from({ length: 10 }, () => 1).buffer),
]);
const SLOT_BYTES = 1 << 20;
const GIGABYTE = 1 << 30;

/** Slots are reused, as the server's pool does it. */
class FixedAnswer implements MessageSink {
	static readonly #idle: FixedAnswer[] = [];
	readonly byteLength = ANSWER.length;
	readonly #slot = new Uint8Array(SLOT_BYTES);
	#call: ServerCall | null = null;

	static open(call: ServerCall): FixedAnswer {
		const sink = FixedAnswer.#idle.pop() ?? new FixedAnswer();
		sink.#call = call;
		return sink;
	}

	writeTo(target: Uint8Array, offset: number): void {
		target.set(ANSWER, offset);
	}

	begin(byteLength: number): Uint8Array {
		return this.#slot.subarray(0, byteLength);
	}

	end(): void {}

	halfClose(): void {
		this.#call?.reply(this);
		this.#release();
	}

	abort(): void {
		this.#release();
	}

	#release(): void {
		this.#call = null;
		FixedAnswer.#idle.push(this);
	}
}

async function startOwn(reuseReadBuffer: boolean): Promise<number> {
	const method: MethodHandler = { kind: "unary", open: FixedAnswer.open };
	const server = createGrpcServer({
		methods: new Map([[PATH, method]]),
		reuseReadBuffer,
	});
	const address = await server.listen({ host: "127.0.0.1", port: 0 });
	return (address as AddressInfo).port;
}

/** The stream API with large windows and frames, and the body landed once in a buffer of its known size. */
function startNodeHttp2(): Promise<number> {
	const framed = Buffer.concat([Buffer.alloc(5), ANSWER]);
	framed.writeUInt32BE(ANSWER.length, 1);
	const head = { ":status": 200, "content-type": "application/grpc" };
	const server = createServer({
		settings: {
			initialWindowSize: 16 << 20,
			maxConcurrentStreams: 1000,
			maxFrameSize: SLOT_BYTES,
			enablePush: false,
		},
		maxSessionMemory: 1000,
	});
	server.on("session", (session) => session.setLocalWindowSize(GIGABYTE / 16));
	server.on("stream", (stream: ServerHttp2Stream) => {
		stream.on("error", () => {}); // the client left
		let slot: Buffer | null = null;
		let at = 0;
		stream.on("data", (bytes: Buffer) => {
			slot ??= Buffer.allocUnsafeSlow(5 + bytes.readUInt32BE(1));
			slot.set(bytes, at);
			at += bytes.length;
		});
		stream.on("end", () => {
			stream.respond(head, { waitForTrailers: true });
			stream.on("wantTrailers", () =>
				stream.sendTrailers({ "grpc-status": "0" }),
			);
			stream.end(framed);
		});
	});
	return new Promise((resolve) => {
		server.listen(0, "127.0.0.1", () =>
			resolve((server.address() as AddressInfo).port),
		);
	});
}

if (import.meta.main) {
	const variant = process.argv[2] as Variant;
	const port =
		variant === "node-http2"
			? await startNodeHttp2()
			: await startOwn(variant === "reused-buffer");
	console.log(String(port));
}
