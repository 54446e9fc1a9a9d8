import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
	deflateRawSync,
	deflateSync,
	gunzipSync,
	gzipSync,
	inflateSync,
} from "node:zlib";
import { preferredCoding } from "./answer.ts";
import { echoRequest, startTransport } from "./test-support/transport.ts";

const options = { timeout: 30_000 };
const MIB = 1024 * 1024;
const { path, body } = echoRequest();

describe("compressed requests", options, () => {
	const accepted: readonly (readonly [
		encoding: string,
		bytes: Uint8Array<ArrayBuffer>,
	])[] = [
		["gzip", new Uint8Array(gzipSync(body))],
		["GZIP", new Uint8Array(gzipSync(body))],
		["deflate", new Uint8Array(deflateSync(body))],
		["identity", new Uint8Array(Buffer.from(body))],
	];
	for (const [encoding, bytes] of accepted)
		test(`${encoding} is read`, async (t) => {
			const { fetch } = await startTransport(t);
			const response = await fetch(path, {
				method: "POST",
				headers: { "content-encoding": encoding },
				body: bytes,
			});
			assert.equal(response.status, 200, await response.text());
		});

	test("the header's length is that of the inflated body", async (t) => {
		const { fetch } = await startTransport(t);
		const json = JSON.stringify({
			inputs: [
				{
					name: "x",
					datatype: "FP32",
					shape: [2],
					parameters: { binary_data_size: 8 },
				},
			],
		});
		const whole = Buffer.concat([Buffer.from(json), Buffer.alloc(8)]);
		const response = await fetch(path, {
			method: "POST",
			headers: {
				"content-encoding": "gzip",
				"inference-header-content-length": String(json.length),
			},
			body: new Uint8Array(gzipSync(whole)),
		});
		assert.equal(response.status, 200, await response.text());
	});

	test("other encodings are told what is read", async (t) => {
		const { fetch } = await startTransport(t);
		for (const encoding of ["br", "gzip, gzip", "zstd", "gzip;q=1"]) {
			const response = await fetch(path, {
				method: "POST",
				headers: { "content-encoding": encoding },
				body,
			});
			assert.equal(response.status, 501);
			assert.equal(response.headers.get("accept-encoding"), "gzip, deflate");
			assert.deepEqual(await response.json(), {
				error: "Unsupported compression type",
			});
		}
	});

	const compressed = gzipSync(body);
	const flipped = Buffer.from(compressed);
	flipped[flipped.byteLength - 6]! ^= 0xff;
	const broken: readonly (readonly [string, Uint8Array])[] = [
		["cut off", compressed.subarray(0, compressed.byteLength - 4)],
		["empty", new Uint8Array(0)],
		["plain JSON", Buffer.from(body)],
		["with a wrong checksum", flipped],
		["raw deflate without zlib's head", deflateRawSync(body)],
	];
	for (const [what, bytes] of broken)
		test(`a body that is ${what} is refused and released`, async (t) => {
			const { fetch } = await startTransport(t);
			const response = await fetch(path, {
				method: "POST",
				headers: { "content-encoding": "gzip" },
				body: new Uint8Array(bytes),
			});
			assert.equal(response.status, 400);
			const { error } = (await response.json()) as { error: string };
			assert.match(error, /is not valid gzip|failed to parse/);
		});

	test("a bomb is given up at its ratio, long before the largest input", async (t) => {
		const { fetch, pool } = await startTransport(t);
		const bomb = gzipSync(Buffer.alloc(60 * MIB));
		let mostBytes = 0;
		const watch = setInterval(() => {
			mostBytes = Math.max(mostBytes, pool.leasedBytes);
		}, 1);
		const response = await fetch(path, {
			method: "POST",
			headers: { "content-encoding": "gzip" },
			body: new Uint8Array(bomb),
		});
		clearInterval(watch);
		assert.equal(response.status, 400);
		assert.match(
			await response.text(),
			/exceeds the maximum allowed input size/,
		);
		assert.ok(mostBytes < bomb.byteLength * 201 + MIB, `${mostBytes} bytes`);
	});

	test("a bomb within the ratio is given up at the largest input", async (t) => {
		const { fetch } = await startTransport(t, {
			limits: { maxInputBytes: MIB },
		});
		const response = await fetch(path, {
			method: "POST",
			headers: { "content-encoding": "deflate" },
			body: new Uint8Array(deflateSync(Buffer.alloc(4 * MIB), { level: 1 })),
		});
		assert.equal(response.status, 400);
		assert.match(
			await response.text(),
			/exceeds the maximum allowed input size of \d+ bytes. Use --http-max-input-size/,
		);
	});

	test("what is inflated counts against the memory for bodies", async (t) => {
		const { fetch } = await startTransport(t, { budgetBytes: MIB });
		const noise = JSON.stringify(Array.from({ length: 400_000 }, (_, i) => i));
		const response = await fetch(path, {
			method: "POST",
			headers: { "content-encoding": "gzip" },
			body: new Uint8Array(gzipSync(noise)),
		});
		assert.equal(response.status, 503);
		assert.match(await response.text(), /memory for request bodies is used up/);
	});
});

describe("compressed answers", options, () => {
	for (const [accept, coding, inflate] of [
		["gzip", "gzip", gunzipSync],
		["deflate", "deflate", inflateSync],
		["gzip;q=0.5, deflate;q=0.8", "deflate", inflateSync],
	] as const)
		test(`${accept}: ${coding}`, async (t) => {
			const { connect } = await startTransport(t);
			const connection = connect();
			await connection.write(
				`POST ${path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: ${accept}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
			);
			const response = await connection.response();
			assert.equal(response?.status, 200);
			assert.equal(response.headers["content-encoding"], coding);
			const { outputs } = JSON.parse(inflate(response.body).toString());
			assert.deepEqual(outputs[0].data, [0, 1]);
		});

	test("the preferred coding follows the weights, and the order of equals", () => {
		for (const [header, coding] of [
			[undefined, null],
			["", null],
			["*", null],
			["br", null],
			["gzip", "gzip"],
			["GZip", "gzip"],
			["gzip, deflate", "gzip"],
			["deflate, gzip", "deflate"],
			["gzip;q=0.2, deflate;q=0.9", "deflate"],
			["gzip ; q=0.2 , deflate ; q=0.9", "deflate"],
			["gzip;q=0", null],
			["gzip;q=0.5, identity", null],
			["identity;q=0.5, gzip", "gzip"],
			["gzip;q=nonsense", null],
		] as const)
			assert.equal(preferredCoding(header), coding, header);
	});
});
