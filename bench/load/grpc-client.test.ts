// The closed-loop client against node:http2, whose default windows hold less than a body.
import assert from "node:assert/strict";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { LatencyHistogram } from "../../packages/server/src/load-generator/histogram.ts";
import { type LoadCounters, startGrpcLoad } from "./grpc-client.ts";
import { bytesOf } from "./workload.ts";

const EXPECTED = Float32Array.of(1, 2, 3);
const BODY_BYTES = 200_000;

async function serve(t: TestContext, bodies: number[]): Promise<number> {
	const server = createServer();
	server.on("session", (session) => t.after(() => session.destroy()));
	server.on("stream", (stream) => {
		let bytes = 0;
		stream.on("error", () => {});
		stream.on("data", (chunk: Buffer) => {
			bytes += chunk.length;
		});
		stream.on("end", () => {
			// The client leaves when it has seen enough.
			if (stream.destroyed) return;
			bodies.push(bytes);
			const message = Buffer.concat([Buffer.alloc(5), bytesOf(EXPECTED)]);
			stream.respond({ ":status": 200 });
			stream.end(message);
		});
	});
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	t.after(() => server.close());
	return (server.address() as AddressInfo).port;
}

test("bodies larger than the windows are sent as credit comes, each whole", {
	timeout: 30_000,
}, async (t) => {
	const bodies: number[] = [];
	const port = await serve(t, bodies);
	const counters: LoadCounters = {
		answered: 0,
		wrong: 0,
		sentBytes: 0,
		receivedBytes: 0,
		histogram: new LatencyHistogram(),
		running: true,
	};
	const failure = Promise.withResolvers<never>();
	const stop = startGrpcLoad(
		{
			host: "127.0.0.1",
			port,
			connections: 1,
			inFlight: 8,
			requests: [new Uint8Array(BODY_BYTES)],
			expected: [EXPECTED],
		},
		counters,
		failure.reject,
	);
	t.after(stop);
	const enough = (async () => {
		while (counters.answered < 40)
			await new Promise((resolve) => setTimeout(resolve, 5));
	})();
	await Promise.race([enough, failure.promise]);
	counters.running = false;
	assert.equal(counters.wrong, 0);
	assert.ok(bodies.every((bytes) => bytes === BODY_BYTES));
});
