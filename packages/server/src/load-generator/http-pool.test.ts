// The open loop over HTTP against node:http, which shares no code with the generator.
import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { HttpLoadPool } from "./http-pool.ts";
import { type OpenLoad, runOpenLoop } from "./open-loop.ts";

const BODY = Buffer.alloc(50_000, 7);
const ANSWER = Buffer.from("a right answer");

async function serve(t: TestContext, behave: RequestListener): Promise<number> {
	const server = createServer(behave);
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	t.after(() => {
		server.close();
		server.closeAllConnections();
	});
	return (server.address() as AddressInfo).port;
}

function load(port: number, more: Partial<OpenLoad> = {}, sockets = 4) {
	const target = { host: "127.0.0.1", port, tellsDeadline: true };
	const head = `POST /infer HTTP/1.1\r\nhost: test\r\ncontent-length: ${BODY.length}\r\n`;
	const request = { head, body: BODY };
	return runOpenLoop(
		{
			connect: (events) =>
				new HttpLoadPool(target, sockets, () => request, events),
			connections: 1,
			requestCount: 1,
			isRight: (_, body) => body.equals(ANSWER),
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
}

describe("open-loop load over HTTP", { timeout: 60_000 }, () => {
	test("sends whole bodies and what is left of the deadline, over a few kept connections", async (t) => {
		const seen: { bytes: number; leftMs: number }[] = [];
		const sockets = new Set<unknown>();
		const port = await serve(t, async (request, response) => {
			sockets.add(request.socket);
			let bytes = 0;
			for await (const chunk of request) bytes += (chunk as Buffer).length;
			const leftMs = Number(request.headers["saccade-deadline-ms"]);
			seen.push({ bytes, leftMs });
			response.end(ANSWER);
		});
		const { scheduled, outcomes, wrong, clientCores } = await load(port);
		assert.ok(scheduled > 10);
		assert.equal(outcomes.inTime, scheduled);
		assert.equal(wrong, 0);
		assert.ok(clientCores > 0);
		assert.ok(sockets.size <= 4, String(sockets.size));
		for (const { bytes, leftMs } of seen) {
			assert.equal(bytes, BODY.length);
			assert.ok(leftMs > 0 && leftMs <= 5000, String(leftMs));
		}
	});

	test("reads answers in chunks, and counts those that are wrong", async (t) => {
		const port = await serve(t, (request, response) => {
			request.resume().on("end", () => {
				response.write(ANSWER.subarray(0, 3));
				response.end(ANSWER.subarray(3));
			});
		});
		const { scheduled, outcomes, wrong } = await load(port);
		assert.equal(outcomes.inTime, scheduled);
		assert.equal(wrong, 0);
		const other = await load(port, { isRight: () => false });
		assert.ok(other.wrong >= other.scheduled);
	});

	test("tells refusals, passed deadlines and failures apart", async (t) => {
		const statuses = [503, 504, 500];
		let count = 0;
		const port = await serve(t, (request, response) => {
			request.resume().on("end", () => {
				const status = statuses[count++ % statuses.length]!;
				response.writeHead(status, {
					"saccade-refused-because": "cannot-finish",
				});
				response.end("{}");
			});
		});
		const { scheduled, outcomes, refusedBecause } = await load(port);
		const { shed, expired, failed } = outcomes;
		assert.equal(shed + expired + failed, scheduled);
		assert.ok(shed > 0 && expired > 0 && failed > 0);
		assert.equal(refusedBecause["cannot-finish"], shed + expired);
	});

	test("gives up twice the deadline after a request arrived, and goes on over another connection", async (t) => {
		let count = 0;
		const port = await serve(t, (request, response) => {
			const isFirst = count++ === 0;
			request.resume().on("end", () => {
				if (!isFirst) response.end(ANSWER);
			});
		});
		// One socket: what arrives behind the one that hangs waits for it.
		const { scheduled, outcomes } = await load(
			port,
			{ deadlineUs: 100_000, leadUs: 0 },
			1,
		);
		assert.ok(outcomes.clientTimeout > 0);
		assert.ok(outcomes.inTime > 0);
		assert.equal(
			Object.values(outcomes).reduce((a, b) => a + b, 0),
			scheduled,
		);
	});

	test("a connection that is cut fails its request and no other", async (t) => {
		let count = 0;
		const port = await serve(t, (request, response) => {
			if (count++ % 2 === 0) request.socket.destroy();
			else request.resume().on("end", () => response.end(ANSWER));
		});
		const { scheduled, outcomes } = await load(port);
		assert.ok(outcomes.failed > 0 && outcomes.inTime > 0);
		assert.equal(outcomes.failed + outcomes.inTime, scheduled);
	});

	test("without a server the run fails", async (t) => {
		const port = await serve(t, () => {});
		await assert.rejects(load(port === 1 ? 2 : 1), /ECONNREFUSED/);
	});

	test("the closed loop keeps so many requests under way", async (t) => {
		let open = 0;
		let most = 0;
		const port = await serve(t, (request, response) => {
			most = Math.max(most, ++open);
			request.resume().on("end", () =>
				setTimeout(() => {
					open--;
					response.end(ANSWER);
				}, 10),
			);
		});
		const { outcomes, scheduled } = await load(port, {
			arrivals: { kind: "closed", inFlight: 3 },
		});
		assert.ok(scheduled > 30, String(scheduled));
		assert.equal(outcomes.inTime, scheduled);
		assert.equal(most, 3);
	});
});
