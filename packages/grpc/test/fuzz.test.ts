// Seeded random octets, frames and header blocks against a whole server: whatever comes, the process goes on (an
// exception outside of a connection would fail the run) and another connection is answered.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeHeaders } from "../src/hpack/encoder.ts";
import { FRAME, PREFACE, SETTING } from "../src/http2/constants.ts";
import { bidiMethod, type ServerCall } from "../src/index.ts";
import {
	data,
	frameBytes,
	grpcMessage,
	numberFrame,
	requestBlock,
	requestHeaders,
	settings,
} from "./support/frames.ts";
import {
	call,
	describeReadModes,
	echo,
	holding,
	keep,
	openSession,
	startServer,
} from "./support/harness.ts";
import { RawClient } from "./support/raw-client.ts";

const PATHS = ["/t/Echo", "/t/Bidi", "/t/Hold", "/t/None"] as const;
const path = fc.constantFrom(...PATHS);
const streamId = fc.integer({ min: 0, max: 12 });
const octets = fc.uint8Array({ maxLength: 100 });

/** Anything that has the form of a frame. */
const anyFrame = fc
	.tuple(
		fc.integer({ min: 0, max: 11 }),
		fc.integer({ min: 0, max: 255 }),
		streamId,
		octets,
	)
	.map(([type, flags, id, payload]) => frameBytes(type, flags, id, payload));

/** HEADERS with random fields, or with a random block. */
const anyHeaders = fc
	.tuple(
		streamId,
		fc.constantFrom(0, 1, 4, 5, 8, 13, 36, 37),
		fc.oneof(
			octets,
			path.map((name) => requestBlock(name)),
			fc
				.array(fc.tuple(fc.string(), fc.string()), { maxLength: 6 })
				.map((fields) => encodeHeaders(fields)),
		),
	)
	.map(([id, flags, block]) => frameBytes(FRAME.HEADERS, flags, id, block));

/** What a client might well send, in an order in which it would not. */
const plausible = fc.oneof(
	fc.tuple(streamId, path).map(([id, name]) => requestHeaders(id, name)),
	fc
		.tuple(streamId, octets, fc.boolean(), fc.integer({ min: 0, max: 2 }))
		.map(([id, message, end, compressed]) =>
			data(id, grpcMessage(message, compressed), end),
		),
	fc
		.tuple(streamId, fc.nat(20))
		.map(([id, code]) => numberFrame(FRAME.RST_STREAM, id, code)),
	fc
		.tuple(streamId, fc.nat(0x7fff_ffff))
		.map(([id, more]) => numberFrame(FRAME.WINDOW_UPDATE, id, more)),
	fc
		.tuple(fc.integer({ min: 0, max: 7 }), fc.nat(100_000))
		.map(([name, value]) => settings([[name, value]])),
	fc.nat(100).map((size) => settings([[SETTING.INITIAL_WINDOW_SIZE, size]])),
	fc.constant(frameBytes(FRAME.PING, 0, 0, Buffer.alloc(8))),
);

const session = fc.oneof(
	{ weight: 1, arbitrary: fc.uint8Array({ maxLength: 500 }) },
	{
		weight: 8,
		arbitrary: fc
			.array(fc.oneof(plausible, plausible, anyFrame, anyHeaders), {
				maxLength: 30,
			})
			.map((frames) => Buffer.concat([PREFACE, settings(), ...frames])),
	},
	{
		// A session that was right before some octets of it changed.
		weight: 4,
		arbitrary: fc
			.array(fc.tuple(fc.nat(1000), fc.nat(255)), {
				minLength: 1,
				maxLength: 4,
			})
			.map((changes) => {
				const bytes = Buffer.concat([
					PREFACE,
					settings([[SETTING.INITIAL_WINDOW_SIZE, 70_000]]),
					...PATHS.flatMap((name, index) => [
						requestHeaders(2 * index + 1, name),
						data(2 * index + 1, grpcMessage(Buffer.alloc(50))),
					]),
				]);
				for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
				return bytes;
			}),
	},
);

describeReadModes((options) => {
	test("no octets of a client harm the server or the clients beside it", async () => {
		const calls: ServerCall[] = [];
		const { server, port } = await startServer(
			{
				"/t/Echo": echo,
				"/t/Hold": holding(calls, []),
				"/t/Bidi": bidiMethod<Uint8Array, Uint8Array>({
					decode: (bytes) => bytes,
					encode: (bytes) => bytes,
					handle: async (requests, send) => {
						for await (const request of requests) await send(request);
					},
				}),
			},
			options,
		);
		const bystander = openSession(port);
		await fc.assert(
			fc.asyncProperty(session, fc.array(fc.nat(600)), async (bytes, cuts) => {
				const client = keep(await RawClient.connectSilently(port));
				client.read();
				let from = 0;
				for (const to of [...cuts.sort((a, b) => a - b), bytes.length]) {
					if (to <= from || to > bytes.length) continue;
					const piece = bytes.subarray(from, to);
					await new Promise((sent) => client.socket.write(piece, sent));
					from = to;
				}
				client.socket.end();
				await client.closed;
				const body = grpcMessage(Buffer.from("alive"));
				const answer = await call(bystander, "/t/Echo", body);
				assert.ok(answer.body.equals(body));
			}),
			{ seed: 20_261_124, numRuns: 600, endOnFailure: true },
		);
		assert.ok(calls.length > 50, "the frames went deep enough to begin calls");
		assert.equal(server.stats().connectionCount, 1);
	});
});
