// The generator against node:http2, which shares no code with the server: its default windows hold less than a body,
// so that flow control is at work.
import assert from "node:assert/strict";
import {
	createServer,
	type IncomingHttpHeaders,
	type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { GrpcLoadConnection } from "./grpc-connection.ts";
import { INFER_PATH } from "./http2-frames.ts";
import { type OpenLoad, runOpenLoop } from "./open-loop.ts";

const BODY_BYTES = 100_000;
const EXPECTED = Buffer.from("the expected answer");

type Behaviour = (
	stream: ServerHttp2Stream,
	headers: IncomingHttpHeaders,
) => void;

async function serve(t: TestContext, behave: Behaviour): Promise<number> {
	const server = createServer();
	server.on("session", (session) => t.after(() => session.destroy()));
	server.on("stream", (stream, headers) => {
		stream.on("error", () => {});
		behave(stream, headers);
	});
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	t.after(() => server.close());
	return (server.address() as AddressInfo).port;
}

function reply(stream: ServerHttp2Stream, answer: Buffer): void {
	const message = Buffer.concat([Buffer.alloc(5), answer]);
	message.writeUInt32BE(message.length - 5, 1);
	stream.respond({ ":status": 200 }, { waitForTrailers: true });
	stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
	stream.end(message);
}

const load = (
	port: number,
	{
		tellsDeadline = true,
		...more
	}: Partial<OpenLoad> & { readonly tellsDeadline?: boolean } = {},
) => {
	const target = { host: "127.0.0.1", port, tellsDeadline };
	const requests = [new Uint8Array(BODY_BYTES)];
	return runOpenLoop(
		{
			connect: (events) =>
				new GrpcLoadConnection(target, INFER_PATH, requests, events),
			connections: 2,
			requestCount: 1,
			isRight: (_, message) => message.subarray(5).equals(EXPECTED),
			arrivals: { kind: "poisson", ratePerSecond: 100 },
			seed: 1,
			deadlineUs: 5e6,
			leadUs: 50_000,
			windowUs: 300_000,
			maxOutstanding: 1000,
			...more,
		},
		{ windowStarted: () => {}, windowEnded: () => {} },
	);
};

describe("open-loop load", { timeout: 60_000 }, () => {
	test("sends whole bodies within the server's windows, and what is left of the deadline", async (t) => {
		const seen: { bytes: number; leftUs: number }[] = [];
		const port = await serve(t, (stream, headers) => {
			let bytes = 0;
			stream.on("data", (chunk: Buffer) => {
				bytes += chunk.length;
			});
			stream.on("end", () => {
				const leftUs = Number.parseInt(String(headers["grpc-timeout"]), 10);
				seen.push({ bytes, leftUs });
				reply(stream, EXPECTED);
			});
		});
		const { scheduled, outcomes, wrong } = await load(port);
		assert.ok(scheduled > 10);
		assert.equal(outcomes.inTime, scheduled);
		assert.equal(wrong, 0);
		assert.ok(seen.length >= scheduled, "with those before the window");
		for (const { bytes, leftUs } of seen) {
			assert.equal(bytes, BODY_BYTES);
			assert.ok(leftUs > 0 && leftUs <= 5e6, String(leftUs));
		}
	});

	test("keeps the deadline to itself when it is not to be told", async (t) => {
		const told = new Set<unknown>();
		const port = await serve(t, (stream, headers) => {
			told.add(headers["grpc-timeout"]);
			stream.resume().on("end", () => reply(stream, EXPECTED));
		});
		const { scheduled, outcomes } = await load(port, { tellsDeadline: false });
		assert.equal(outcomes.inTime, scheduled);
		assert.deepEqual([...told], [undefined]);
	});

	test("stops sending what was refused, and tells why", async (t) => {
		let bytes = 0;
		const port = await serve(t, (stream) => {
			stream.on("data", (chunk: Buffer) => {
				bytes += chunk.length;
			});
			stream.respond(
				{
					":status": 200,
					"grpc-status": "14",
					"saccade-refused-because": "cannot-finish",
				},
				{ endStream: true },
			);
		});
		const { scheduled, outcomes, refusedBecause } = await load(port);
		assert.equal(outcomes.shed, scheduled);
		assert.deepEqual(refusedBecause, { "cannot-finish": scheduled });
		assert.ok(bytes < scheduled * BODY_BYTES, String(bytes));
	});

	test("counts answers that are wrong", async (t) => {
		const port = await serve(t, (stream) => {
			stream
				.resume()
				.on("end", () => reply(stream, Buffer.from("another answer")));
		});
		const { scheduled, wrong } = await load(port);
		assert.ok(wrong >= scheduled);
	});

	test("gives up twice the deadline after a request arrived, and frees its place", async (t) => {
		let closed = 0;
		const port = await serve(t, (stream) => {
			stream.resume().on("close", () => closed++);
		});
		const { scheduled, outcomes } = await load(port, { deadlineUs: 100_000 });
		assert.equal(outcomes.clientTimeout, scheduled);
		assert.ok(closed > 0);
	});

	test("sends no more than may be outstanding, and counts the others", async (t) => {
		let opened = 0;
		const port = await serve(t, (stream) => {
			opened++;
			stream.resume();
		});
		const { scheduled, outcomes } = await load(port, {
			deadlineUs: 400_000,
			maxOutstanding: 5,
		});
		assert.equal(opened, 5);
		assert.ok(outcomes.overCap > 0);
		assert.equal(outcomes.overCap + outcomes.clientTimeout, scheduled);
	});
});
