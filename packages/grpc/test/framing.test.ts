// However the bytes are cut, and whatever they are, the same comes out: frames, messages, header lists.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MessageReader } from "../src/grpc/message-reader.ts";
import { CompressionError, HpackDecoder } from "../src/hpack/decoder.ts";
import { encodeHeaders } from "../src/hpack/encoder.ts";
import { ConnectionError } from "../src/http2/connection-error.ts";
import { PREFACE } from "../src/http2/constants.ts";
import { FrameReader } from "../src/http2/frame-reader.ts";

function chunks(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
	const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort(
		(a, b) => a - b,
	);
	return [0, ...at].map((start, index) =>
		bytes.subarray(start, at[index] ?? bytes.length),
	);
}

/** What a reader tells, DATA joined, in one log. */
function readFrames(parts: readonly Uint8Array[]): string[] {
	const log: string[] = [];
	let data = "";
	const reader = new FrameReader(
		{
			dataBegin: (id, length) => {
				data = `data ${id} ${length} `;
				return true;
			},
			dataPart: (bytes, start, end) => {
				data += Buffer.from(bytes.subarray(start, end)).toString("hex");
			},
			dataEnd: (_id, end) => log.push(`${data}${end ? " end" : ""}`),
			frame: (type, flags, id, bytes, start, end) =>
				log.push(
					`${type} ${flags} ${id} ${Buffer.from(bytes.subarray(start, end)).toString("hex")}`,
				),
		},
		{ maxFrameBytes: 16_384, maxHeaderListBytes: 4096 },
	);
	for (const part of parts) reader.read(part, 0, part.length);
	return log;
}

const anyFrame = fc
	.record({
		type: fc.integer({ min: 0, max: 12 }),
		flags: fc.constantFrom(0, 1, 4, 5, 9),
		id: fc.integer({ min: 0, max: 1000 }),
		payload: fc.uint8Array({ maxLength: 200 }),
	})
	.map(({ type, flags, id, payload }) => {
		// A padded frame begins with its pad length.
		const isPadded = type === 0 && (flags & 8) !== 0;
		const body = isPadded
			? Buffer.from([Math.min(payload.length, 3), ...payload, 0, 0, 0])
			: Buffer.from(payload);
		const head = Buffer.alloc(9);
		head.writeUIntBE(body.length, 0, 3);
		head[3] = type;
		head[4] = flags;
		head.writeUInt32BE(id, 5);
		return Buffer.concat([head, body]);
	});

test("frames are the same however the stream is cut", () => {
	fc.assert(
		fc.property(
			fc.array(anyFrame, { maxLength: 8 }),
			fc.array(fc.nat(4000), { maxLength: 30 }),
			(frames, cuts) => {
				const bytes = Buffer.concat([PREFACE, ...frames]);
				const whole = readFrames([bytes]);
				assert.equal(whole.length, frames.length);
				assert.deepEqual(readFrames(chunks(bytes, cuts)), whole);
			},
		),
		{ seed: 1, numRuns: 300 },
	);
});

test("messages are the same however the body is cut, in place or landed", () => {
	fc.assert(
		fc.property(
			fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 5 }),
			fc.array(fc.nat(15_000), { maxLength: 20 }),
			fc.boolean(),
			(messages, cuts, inPlace) => {
				const body = Buffer.concat(
					messages.map((message) => {
						const prefix = Buffer.alloc(5);
						prefix.writeUInt32BE(message.length, 1);
						return Buffer.concat([prefix, message]);
					}),
				);
				const got: string[] = [];
				let target: Uint8Array = new Uint8Array(0);
				const reader = new MessageReader(
					{
						messageBegin: (byteLength, first) => {
							assert.ok(first.length >= Math.min(byteLength, 1024));
							target =
								inPlace && first.length === byteLength
									? new Uint8Array(first.buffer, first.byteOffset, first.length)
									: new Uint8Array(byteLength);
							return inPlace && first.length === byteLength ? first : target;
						},
						messageAhead: () => {},
						keep: () => true,
						land: () => true,
						messageEnd: () => got.push(Buffer.from(target).toString("hex")),
						violation: (_status, text) => assert.fail(text),
					},
					10_000,
				);
				for (const part of chunks(body, cuts))
					reader.read(part, 0, part.length);
				assert.deepEqual(
					got,
					messages.map((message) => Buffer.from(message).toString("hex")),
				);
				assert.ok(reader.isAtBoundary);
			},
		),
		{ seed: 2, numRuns: 300 },
	);
});

test("what our encoder writes, our decoder reads", () => {
	const name = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
	const value = fc.stringMatching(/^[ -~]{0,300}$/);
	fc.assert(
		fc.property(
			fc.array(fc.tuple(name, value), { maxLength: 10 }),
			(fields) => {
				const block = encodeHeaders(fields);
				const decoder = new HpackDecoder(4096, 1 << 20);
				assert.deepEqual(decoder.decode(block, 0, block.length), fields.flat());
			},
		),
		{ seed: 3, numRuns: 300 },
	);
});

test("random header blocks and frames end in a typed error or a result, never anything else", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
			const decoder = new HpackDecoder(4096, 4096);
			try {
				decoder.decode(bytes, 0, bytes.length);
			} catch (error) {
				assert.ok(error instanceof CompressionError, String(error));
			}
			try {
				readFrames([PREFACE, bytes]);
			} catch (error) {
				assert.ok(error instanceof ConnectionError, String(error));
			}
		}),
		{ seed: 4, numRuns: 5000 },
	);
});

test("Huffman strings of RFC 7541, appendix C.4, decode", () => {
	const block = Buffer.from("828684418cf1e3c2e5f23a6ba0ab90f4ff", "hex");
	const decoder = new HpackDecoder(4096, 4096);
	assert.deepEqual(decoder.decode(block, 0, block.length), [
		":method",
		"GET",
		":scheme",
		"http",
		":path",
		"/",
		":authority",
		"www.example.com",
	]);
});
