// Large JSON both ways through the transport: parsed in the thread, written in slices.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { requestText } from "./test-support/raw-connection.ts";
import { startTransport } from "./test-support/transport.ts";

const options = { timeout: 60_000 };
const COUNT = 100_000;
const ECHO = "/v2/models/echo/infer";

const numbers = Array.from({ length: COUNT }, (_, i) => i * 0.5 - 7);
const words = [
	...'a\u0000"\\\n€𝄞'.split(""),
	"𝄞€".repeat(100_000),
	"",
	...Array.from({ length: 20_000 }, (_, i) => `w${i}`),
];
const x = {
	name: "x",
	datatype: "FP64",
	shape: [COUNT],
	data: numbers,
};
const s = {
	name: "s",
	datatype: "BYTES",
	shape: [words.length],
	data: words.map((word) => word.toWellFormed()),
};

interface Answer {
	readonly id: string;
	readonly outputs: readonly { readonly data: unknown }[];
}

const post = (value: unknown) => ({
	method: "POST",
	body: typeof value === "string" ? value : JSON.stringify(value),
});

describe("an answer that is long as JSON", options, () => {
	test("is written whole, number by number and character by character", async (t) => {
		const { fetch } = await startTransport(t);
		const response = await fetch(ECHO, post({ id: "7", inputs: [x, s] }));
		assert.equal(response.status, 200);
		assert.equal(response.headers.get("content-type"), "application/json");
		const { id, outputs } = (await response.json()) as Answer;
		assert.equal(id, "7");
		assert.deepEqual(outputs[0]?.data, numbers);
		assert.deepEqual(outputs[1]?.data, s.data);
	});

	test("keeps the bytes of other outputs behind it, with its length in the head", async (t) => {
		const { fetch } = await startTransport(t);
		const outputs = [
			{ name: "x" },
			{ name: "y", parameters: { binary_data: true } },
		];
		const y = { name: "y", datatype: "UINT8", shape: [3], data: [1, 2, 3] };
		const response = await fetch(ECHO, post({ inputs: [x, y], outputs }));
		const length = Number(
			response.headers.get("inference-header-content-length"),
		);
		const body = Buffer.from(await response.arrayBuffer());
		assert.deepEqual([...body.subarray(length)], [1, 2, 3]);
		const json = JSON.parse(body.toString("utf8", 0, length)) as Answer;
		assert.deepEqual(json.outputs[0]?.data, numbers);
	});

	test("is compressed as it is written", async (t) => {
		const { connect } = await startTransport(t);
		const connection = connect();
		const body = JSON.stringify({ inputs: [x] });
		await connection.write(
			requestText(`POST ${ECHO}`, body, [
				"Accept-Encoding: gzip",
				"Connection: close",
			]),
		);
		const { head, body: zipped } = await connection.rest();
		assert.match(head, /content-encoding: gzip/i);
		const json = JSON.parse(gunzipSync(dechunked(zipped)).toString()) as Answer;
		assert.deepEqual(json.outputs[0]?.data, numbers);
	});

	test("to generate is one object, on a stream one event", async (t) => {
		const { fetch } = await startTransport(t);
		// The model takes rows of three.
		const rows = numbers.slice(0, COUNT - (COUNT % 3));
		const body = { x: rows };
		const plain = await fetch("/v2/models/echo/generate", post(body));
		const { x: values } = (await plain.json()) as { x: unknown };
		assert.deepEqual(values, rows);
		const stream = await fetch("/v2/models/echo/generate_stream", post(body));
		assert.match(
			stream.headers.get("content-type") ?? "",
			/^text\/event-stream/,
		);
		const [, event] = /^data: (.*)\n\n$/.exec(await stream.text()) ?? [];
		assert.deepEqual(JSON.parse(event ?? "").x, rows);
	});

	test("in a type that JSON lacks is refused, and the connection serves on", async (t) => {
		const { fetch } = await startTransport(t);
		const bytes = Buffer.alloc(2 * COUNT);
		const head = JSON.stringify({
			inputs: [
				{
					name: "h",
					datatype: "FP16",
					shape: [COUNT],
					parameters: { binary_data_size: bytes.byteLength },
				},
			],
		});
		const response = await fetch(ECHO, {
			method: "POST",
			headers: { "inference-header-content-length": String(head.length) },
			body: Buffer.concat([Buffer.from(head), bytes]),
		});
		assert.equal(response.status, 400);
		assert.match(await response.text(), /cannot travel as JSON/);
		assert.equal((await fetch("/v2/health/live")).status, 200);
	});

	test("is dropped when its client leaves in the middle", async (t) => {
		const { connect, transport } = await startTransport(t);
		const connection = connect();
		await connection.write(
			requestText(`POST ${ECHO}`, JSON.stringify({ inputs: [x] })),
		);
		await connection.begun();
		connection.destroy();
		await empty(transport);
	});

	test("cuts off a client that does not read it", async (t) => {
		const { connect, transport } = await startTransport(t, {
			limits: { writeTimeoutMs: 50, minReadBytesPerSecond: 1e12 },
			budgetBytes: 256 * 1024 * 1024,
		});
		const connection = connect();
		const bytes = Buffer.alloc(16 * 1024 * 1024);
		const head = JSON.stringify({
			inputs: [
				{
					name: "x",
					datatype: "UINT8",
					shape: [bytes.byteLength],
					parameters: { binary_data_size: bytes.byteLength },
				},
			],
		});
		await connection.write(
			`POST ${ECHO} HTTP/1.1\r\nHost: localhost\r\nInference-Header-Content-Length: ${head.length}\r\nContent-Length: ${head.length + bytes.byteLength}\r\n\r\n${head}`,
		);
		await connection.write(bytes);
		await connection.begun();
		connection.pause();
		await empty(transport);
	});
});

describe("a body that is large as JSON", options, () => {
	test("has the errors of a small one", async (t) => {
		const { fetch } = await startTransport(t);
		for (const [wrong, text] of [
			["{", "a key is missing"],
			['{"inputs":1}', "Unable to parse 'inputs'"],
			['{"inputs":[1]}', "an input is not an object"],
		] as const)
			for (const padding of ["", " ".repeat(100_000)]) {
				const response = await fetch(ECHO, post(padding + wrong));
				assert.equal(response.status, 400);
				assert.ok((await response.text()).includes(text), text);
			}
	});

	test("may come in chunks, compressed or with bytes behind it", async (t) => {
		const { fetch, connect } = await startTransport(t);
		const json = JSON.stringify({ inputs: [x] });
		const connection = connect();
		const chunk = (part: string) =>
			`${part.length.toString(16)}\r\n${part}\r\n`;
		await connection.write(
			`POST ${ECHO} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`,
		);
		await connection.write(
			`${chunk(json.slice(0, 1000))}${chunk(json.slice(1000))}0\r\n\r\n`,
		);
		const { body } = await connection.rest();
		const answer = JSON.parse(dechunked(body).toString()) as Answer;
		assert.deepEqual(answer.outputs[0]?.data, numbers);

		const y = {
			name: "y",
			datatype: "UINT8",
			shape: [3],
			parameters: { binary_data_size: 3 },
		};
		const head = JSON.stringify({ inputs: [x, y] });
		const mixed = await fetch(ECHO, {
			method: "POST",
			headers: { "inference-header-content-length": String(head.length) },
			body: Buffer.concat([Buffer.from(head), Buffer.of(1, 2, 3)]),
		});
		const { outputs } = (await mixed.json()) as Answer;
		assert.deepEqual(outputs[1]?.data, [1, 2, 3]);
	});

	test("is dropped with its client", async (t) => {
		const { connect, inference, transport } = await startTransport(t);
		const connection = connect();
		const body = JSON.stringify({ inputs: [x] });
		await connection.write(requestText("POST /v2/models/held/infer", body));
		connection.destroy();
		await empty(transport);
		// A held request would keep its body, which the end of the test would tell.
		for (const held of inference.held) assert.equal(held.cancelled, true);
	});

	test("to a small endpoint is refused", async (t) => {
		const { fetch } = await startTransport(t);
		const response = await fetch(
			"/v2/repository/index",
			post(`{"ready":true,"x":"${"x".repeat(70_000)}"}`),
		);
		assert.equal(response.status, 400);
		assert.match(await response.text(), /exceeds the maximum allowed/);
	});
});

async function empty(transport: {
	readonly connectionCount: number;
}): Promise<void> {
	while (transport.connectionCount > 0) await new Promise(setImmediate);
}

function dechunked(body: Buffer): Buffer {
	const parts: Buffer[] = [];
	for (let at = 0; ; ) {
		const lineEnd = body.indexOf("\r\n", at);
		const size = Number.parseInt(body.toString("latin1", at, lineEnd), 16);
		if (size === 0) return Buffer.concat(parts);
		parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
		at = lineEnd + 2 + size + 2;
	}
}
