// A server per test, clients of it, and the check that every test leaves neither calls nor connections nor bytes behind.
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe } from "node:test";
import {
	createGrpcServer,
	type GrpcServer,
	type GrpcServerOptions,
	type MessageSink,
	type MethodHandler,
	type ServerCall,
	unaryMethod,
} from "../../src/index.ts";
import { RawClient } from "./raw-client.ts";

const servers: GrpcServer[] = [];
const sessions: http2.ClientHttp2Session[] = [];
const rawClients: RawClient[] = [];

afterEach(async () => {
	for (const session of sessions.splice(0)) session.destroy();
	for (const client of rawClients.splice(0)) client.socket.destroy();
	for (const server of servers.splice(0)) {
		await server.close(1000);
		const { connectionCount, callCount, keptBytes } = server.stats();
		assert.deepEqual([connectionCount, callCount, keptBytes], [0, 0, 0]);
	}
});

/** For all of them: they take seconds, and what never comes must fail them. */
const TIMEOUT_MS = 120_000;

/** Runs the tests of `define` once for each way of reading a socket. */
export function describeReadModes(
	define: (options: { readonly reuseReadBuffer: boolean }) => void,
): void {
	const timed = { timeout: TIMEOUT_MS };
	describe("reading by one reused buffer", timed, () =>
		define({ reuseReadBuffer: true }),
	);
	describe("reading by data events", timed, () =>
		define({ reuseReadBuffer: false }),
	);
}

export interface Started {
	readonly server: GrpcServer;
	readonly port: number;
}

export async function startServer(
	methods: Readonly<Record<string, MethodHandler>>,
	options: Partial<GrpcServerOptions> = {},
): Promise<Started> {
	const server = createGrpcServer({
		methods: new Map(Object.entries(methods)),
		...options,
	});
	servers.push(server);
	const address = await server.listen({ host: "127.0.0.1", port: 0 });
	return { server, port: (address as AddressInfo).port };
}

/** Closed with the test. */
export function keep(client: RawClient): RawClient {
	rawClients.push(client);
	return client;
}

export async function openRaw(
	port: number,
	entries: readonly (readonly [id: number, value: number])[] = [],
): Promise<RawClient> {
	return keep(await RawClient.open(port, entries));
}

/** A client that nobody here wrote. */
export function openSession(
	target: number | string,
	options: http2.SecureClientSessionOptions = {},
): http2.ClientHttp2Session {
	const url =
		typeof target === "number" ? `http://127.0.0.1:${target}` : target;
	const client = http2.connect(url, {
		settings: { initialWindowSize: 1 << 20 },
		...options,
	});
	sessions.push(client);
	return client;
}

export interface Answer {
	readonly status: string;
	readonly message: string;
	readonly body: Buffer;
	readonly fields: http2.IncomingHttpHeaders;
}

export async function call(
	client: http2.ClientHttp2Session,
	path: string,
	body: Uint8Array,
	headers: http2.OutgoingHttpHeaders = {},
): Promise<Answer> {
	const stream = client.request({
		":method": "POST",
		":path": path,
		"content-type": "application/grpc",
		te: "trailers",
		...headers,
	});
	let fields: http2.IncomingHttpHeaders = {};
	stream.on("response", (head) => Object.assign(fields, head));
	stream.on("trailers", (trailers) => {
		fields = { ...fields, ...trailers };
	});
	const parts: Buffer[] = [];
	stream.on("data", (part: Buffer) => parts.push(part));
	stream.end(body);
	await once(stream, "close");
	return {
		status: String(fields["grpc-status"] ?? fields[":status"]),
		message: decodeURIComponent(String(fields["grpc-message"] ?? "")),
		body: Buffer.concat(parts),
		fields,
	};
}

/** Answers each message with itself. */
export const echo: MethodHandler = unaryMethod<Uint8Array, Uint8Array>({
	decode: (bytes) => bytes,
	encode: (bytes) => bytes,
	handle: (bytes) => bytes,
});

/** Bytes as they are: for methods whose messages are not looked into. */
export const identity = {
	decode: (bytes: Uint8Array): Uint8Array => bytes,
	encode: (bytes: Uint8Array): Uint8Array => bytes,
};

/** Keeps calls open until the test ends them, and logs how they end otherwise. */
export function holding(calls: ServerCall[], log: string[]): MethodHandler {
	return {
		kind: "unary",
		open: (call): MessageSink => {
			calls.push(call);
			call.onCancel = (reason) => log.push(`cancel ${reason}`);
			return {
				begin: (byteLength) => new Uint8Array(byteLength),
				end: () => {},
				halfClose: () => {},
				abort: (reason) => log.push(`abort ${reason}`),
			};
		},
	};
}

/**
 * Resolves when `condition` holds, looked at once per turn of the event loop: what it reads has no event.
 * Throws after 20 s, so that a server that never gets there fails its test.
 */
export async function until(condition: () => boolean): Promise<void> {
	const giveUpAt = performance.now() + 20_000;
	while (!condition()) {
		if (performance.now() > giveUpAt) throw new Error(`never: ${condition}`);
		await new Promise(setImmediate);
	}
}
