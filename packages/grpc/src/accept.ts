// From a request head to a call: is it gRPC, which method, by when.
import { type Encoding, type MethodHandler, Status } from "./api.ts";
import {
	encodingNotOffered,
	HEADERS_TOO_LARGE,
	METHOD_NOT_ALLOWED,
	trailers,
	trailersOnly,
	UNSUPPORTED_MEDIA_TYPE,
} from "./grpc/blocks.ts";
import { type CallContext, GrpcCall } from "./grpc/call.ts";
import { parseEncoding } from "./grpc/compression.ts";
import { FieldMetadata } from "./grpc/metadata.ts";
import { parseTimeoutUs } from "./grpc/timeout.ts";
import type { RequestHead } from "./http2/request-head.ts";
import type { DataSource, H2Stream, StreamConsumer } from "./http2/stream.ts";

/** What a head says, worked out once per distinct head: clients send the same one again and again. */
interface Plan {
	readonly metadata: FieldMetadata;
	readonly handler: MethodHandler | null;
	readonly timeoutUs: number;
	readonly encoding: Encoding;
	/** Answer at once, without a call. */
	readonly refusal: Uint8Array | null;
}

export class Acceptor {
	readonly #methods: ReadonlyMap<string, MethodHandler>;
	readonly #context: CallContext;
	readonly #nowUs: () => number;

	constructor(
		methods: ReadonlyMap<string, MethodHandler>,
		context: CallContext,
		nowUs: () => number,
	) {
		this.#methods = methods;
		this.#context = context;
		this.#nowUs = nowUs;
	}

	/** Who consumes the stream; null when it was answered already. */
	accept(
		stream: H2Stream,
		head: RequestHead,
		peer: string,
	): StreamConsumer | null {
		head.plan ??= this.#plan(head);
		const plan = head.plan as Plan;
		if (plan.refusal !== null || plan.handler === null) {
			const block = plan.refusal ?? UNSUPPORTED_MEDIA_TYPE;
			if (block === UNSUPPORTED_MEDIA_TYPE || block === METHOD_NOT_ALLOWED)
				return new Refusal(stream, block);
			stream.sendHeaders(block, true);
			return null;
		}
		const call = new GrpcCall(stream, this.#context, {
			path: head.path,
			metadata: plan.metadata,
			deadlineUs:
				plan.timeoutUs === Number.POSITIVE_INFINITY
					? plan.timeoutUs
					: this.#nowUs() + plan.timeoutUs,
			peer,
			encoding: plan.encoding,
			kind: plan.handler.kind,
		});
		call.start(plan.handler);
		return call;
	}

	#plan(head: RequestHead): Plan {
		const metadata = new FieldMetadata(head.fields);
		const handler = this.#methods.get(head.path) ?? null;
		const timeoutUs = parseTimeoutUs(metadata.get("grpc-timeout"));
		const encoding = parseEncoding(metadata.get("grpc-encoding"));
		return {
			metadata,
			handler,
			timeoutUs: timeoutUs ?? 0,
			encoding: encoding ?? "identity",
			refusal: refusalOf(head, metadata, handler, timeoutUs, encoding),
		};
	}
}

function refusalOf(
	head: RequestHead,
	metadata: FieldMetadata,
	handler: MethodHandler | null,
	timeoutUs: number | null,
	encoding: Encoding | null,
): Uint8Array | null {
	const type = metadata.get("content-type") ?? "";
	if (!/^application\/grpc($|[+;])/.test(type))
		return head.method === "POST" || head.method === "GET"
			? UNSUPPORTED_MEDIA_TYPE
			: METHOD_NOT_ALLOWED;
	if (head.method !== "POST") return METHOD_NOT_ALLOWED;
	if (handler === null)
		return trailersOnly(Status.UNIMPLEMENTED, `no method ${head.path}`, []);
	if (timeoutUs === null)
		return trailersOnly(
			Status.INTERNAL,
			`grpc-timeout "${metadata.get("grpc-timeout")}" is malformed`,
			[],
		);
	if (encoding === null)
		return encodingNotOffered(metadata.get("grpc-encoding") ?? "");
	return null;
}

/**
 * Whoever is not a gRPC client gets a sentence to read, once the request is complete: an early answer would hide
 * what is wrong with the rest of it.
 */
class Refusal implements StreamConsumer {
	readonly #stream: H2Stream;
	readonly #block: Uint8Array;
	#answered = false;

	constructor(stream: H2Stream, block: Uint8Array) {
		this.#stream = stream;
		this.#block = block;
	}

	data(): void {
		if (this.#stream.bodyBytes > MAX_REFUSED_BODY_BYTES) this.end();
	}

	end(): void {
		if (this.#answered) return;
		this.#answered = true;
		this.#stream.sendHeaders(this.#block, false);
		this.#stream.sendData(EXPLANATION);
		this.#stream.sendTrailers(INTERNAL_TRAILERS);
	}

	get owesInput(): boolean {
		return !this.#answered;
	}

	lost(): void {}

	writable(): void {}
}

const MAX_REFUSED_BODY_BYTES = 64 * 1024;
const EXPLANATION_TEXT = Buffer.from(
	"This port speaks gRPC: POST with content-type application/grpc.\n",
);
const EXPLANATION: DataSource = {
	byteLength: EXPLANATION_TEXT.length,
	writeTo: (target, offset) => target.set(EXPLANATION_TEXT, offset),
};
const INTERNAL_TRAILERS = trailers(Status.INTERNAL, "not a gRPC request", []);

export function answerHeadersTooLarge(stream: H2Stream): void {
	stream.sendHeaders(HEADERS_TOO_LARGE, true);
}
