// The open loop over HTTP/1.1, against node:http.
import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { encodeRoute } from "../http-route.ts";
import { type OpenLoad, runOpenLoop } from "../open-loop.ts";
import { bytesOf } from "../workload.ts";

const EXPECTED = Float32Array.of(1, 2, 3);
const ROUTE = { path: "/predict", body: "bytes" } as const;

async function serve(t: TestContext, behave: RequestListener): Promise<number> {
	const server = createServer((request, response) => {
		request.resume();
		request.on("end", () => behave(request, response));
	});
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	t.after(() => {
		server.closeAllConnections();
		server.close();
	});
	return (server.address() as AddressInfo).port;
}

const load = (port: number, more: Partial<OpenLoad> = {}) =>
	runOpenLoop(
		{
			host: "127.0.0.1",
			port,
			connections: 1,
			requests: [encodeRoute(ROUTE, Float32Array.of(7), "127.0.0.1")],
			decodeHttp: (content) => content,
			expected: [EXPECTED],
			ratePerSecond: 200,
			seed: 1,
			deadlineUs: 5e6,
			leadUs: 50_000,
			windowUs: 200_000,
			maxOutstanding: 1000,
			tellsDeadline: false,
			...more,
		},
		{ windowStarted: () => {}, windowEnded: () => {} },
	);

describe("the open loop over HTTP/1.1", { timeout: 30_000 }, () => {
	test("every request is answered and compared", async (t) => {
		const port = await serve(t, (_, response) =>
			response.end(bytesOf(EXPECTED)),
		);
		const { scheduled, outcomes, wrong } = await load(port);
		assert.ok(scheduled > 10);
		assert.equal(outcomes.inTime, scheduled);
		assert.equal(wrong, 0);
	});

	test("an answer that differs is counted as wrong", async (t) => {
		const port = await serve(t, (_, response) =>
			response.end(bytesOf(Float32Array.of(1, 2, 4))),
		);
		const { scheduled, wrong } = await load(port);
		assert.ok(wrong >= scheduled);
	});

	test("a server that is full has refused; one that fails has failed", async (t) => {
		for (const [status, outcome] of [
			[503, "shed"],
			[429, "shed"],
			[504, "expired"],
			[500, "failed"],
		] as const) {
			const port = await serve(t, (_, response) => {
				response.statusCode = status;
				response.end();
			});
			const { scheduled, outcomes } = await load(port);
			assert.equal(outcomes[outcome], scheduled, `${status}`);
		}
	});

	test("who gets no answer hangs up after twice the deadline", async (t) => {
		let gone = 0;
		const port = await serve(t, (request) => {
			request.socket.on("close", () => {
				gone++;
			});
		});
		const { scheduled, outcomes } = await load(port, { deadlineUs: 50_000 });
		assert.equal(outcomes.clientTimeout, scheduled);
		assert.ok(gone > 0);
	});

	test("a connection that the server closes is replaced", async (t) => {
		const port = await serve(t, (_, response) => {
			response.setHeader("connection", "close");
			response.end(bytesOf(EXPECTED));
		});
		const { scheduled, outcomes } = await load(port);
		assert.equal(outcomes.inTime, scheduled);
	});

	test("requests are not sent through one connection one after the other", async (t) => {
		let open = 0;
		let most = 0;
		const port = await serve(t, (_, response) => {
			most = Math.max(most, ++open);
			setTimeout(() => {
				open--;
				response.end(bytesOf(EXPECTED));
			}, 100);
		});
		const { scheduled, outcomes } = await load(port);
		assert.equal(outcomes.inTime, scheduled);
		assert.ok(most > 5);
	});
});
