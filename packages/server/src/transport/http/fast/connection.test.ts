// Connections that our own parser reads, on real sockets: how bytes are cut, what is sent ahead, who goes to
// node:http and how, and what ends when.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { ManualClock } from "../../../common/manual-clock.ts";
import { arbitraryHead } from "../test-support/arbitrary-heads.ts";
import {
	errorOf,
	type RawConnection,
	requestText,
} from "../test-support/raw-connection.ts";
import {
	echoRequest,
	startTransport,
	type TestTransport,
} from "../test-support/transport.ts";

const options = { timeout: 60_000 };
const INFER = "POST /v2/models/echo/infer";
const HELD = "POST /v2/models/held/infer";
const LIVE = requestText("/v2/health/live");

const echo = (head: readonly string[] = []) =>
	requestText(INFER, echoRequest().body, head);

const chunked = (body: string) =>
	`${requestText(INFER, "", ["Transfer-Encoding: chunked"])}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

/** Sends piece by piece, each in a packet of its own. */
async function sendInPieces(
	connection: RawConnection,
	pieces: readonly string[],
): Promise<void> {
	for (const piece of pieces) {
		await connection.write(Buffer.from(piece, "latin1"));
		await turn();
	}
}

/** Resolves when a request of the model `held` waits for its answer. */
function heldIn({ inference }: TestTransport): Promise<void> {
	return new Promise((resolve) => {
		inference.onChange = resolve;
	});
}

describe("requests of our own parser", options, () => {
	test("of all routes stay with it", async (t) => {
		const server = await startTransport(t);
		const connection = server.connect();
		for (const [text, status] of [
			[LIVE, 200],
			[echo(), 200],
			[requestText("/v2/nowhere"), 404],
			[requestText("/v2/models/echo/infer"), 405],
			[requestText("POST /v2/repository/index", "{}"), 200],
			[echo(["Accept-Encoding: gzip"]), 200],
		] as const) {
			await connection.write(text);
			assert.equal((await connection.response())?.status, status, text);
			assert.equal(server.transport.ownConnectionCount, 1);
		}
	});

	test("are answered wherever their bytes are cut", async (t) => {
		const { connect } = await startTransport(t);
		const connection = connect();
		const text = echo(["X-Some: thing"]);
		for (let cut = 1; cut < text.length; cut++) {
			await sendInPieces(connection, [text.slice(0, cut), text.slice(cut)]);
			assert.equal((await connection.response())?.status, 200, `at ${cut}`);
		}
		await sendInPieces(connection, [...text]);
		assert.equal((await connection.response())?.status, 200);
	});

	test("are answered in order when many come at once, and each has its own answer", async (t) => {
		const { connect } = await startTransport(t);
		const connection = connect();
		const idOf = (index: number) => `${"i".repeat(index % 7)}${index}`;
		const all = Array.from({ length: 300 }, (_, index) =>
			requestText(
				INFER,
				echoRequest(1 + (index % 40)).body.replace('"r"', `"${idOf(index)}"`),
			),
		);
		void connection.write(all.join(""));
		for (const index of all.keys()) {
			const response = await connection.response();
			const { id } = JSON.parse(String(response?.body)) as { id: string };
			assert.equal(id, idOf(index));
		}
	});

	test("that are sent ahead wait, however many bytes they are", async (t) => {
		const server = await startTransport(t);
		const connection = server.connect();
		const isHeld = heldIn(server);
		await connection.write(requestText(HELD, echoRequest().body));
		await isHeld;
		const large = requestText(INFER, echoRequest(5000).body);
		void connection.write(large.repeat(20));
		for (let i = 0; i < 20; i++) await turn();
		server.inference.answerHeld(0);
		for (let i = 0; i < 21; i++)
			assert.equal((await connection.response())?.status, 200);
	});

	test("that were refused do not cost the connection when their body is here already", async (t) => {
		const server = await startTransport(t);
		const connection = server.connect();
		const refused = requestText("POST /v2/models/nope/infer", "the body");
		await connection.write(refused + echo());
		const response = await connection.response();
		assert.equal(response?.status, 404);
		assert.equal(response?.headers["connection"], "keep-alive");
		assert.equal((await connection.response())?.status, 200);
	});

	test("with `Connection: close` are the last", async (t) => {
		const server = await startTransport(t);
		const connection = server.connect();
		await connection.write(echo(["Connection: close"]) + LIVE);
		const { head } = await connection.rest();
		assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
		assert.match(head, /\r\nConnection: close\r\n/);
		assert.equal(head.match(/HTTP\/1\.1/g)?.length, 1);
	});

	test("whose answer has no known length get it in chunks", async (t) => {
		const { fetch } = await startTransport(t);
		const { path, body } = echoRequest(200_000);
		const response = await fetch(path, { method: "POST", body });
		assert.equal(response.headers.get("transfer-encoding"), "chunked");
		const { outputs } = (await response.json()) as {
			outputs: { data: number[] }[];
		};
		assert.equal(outputs[0]?.data.length, 200_000);
		assert.equal(outputs[0]?.data[199_999], 199_999);
	});

	test("that stop in the middle are told so, when the client says that it is done", async (t) => {
		const { connect } = await startTransport(t);
		for (const share of [0.2, 0.95]) {
			const connection = connect();
			const text = echo();
			await connection.write(text.slice(0, text.length * share));
			connection.end();
			const response = await connection.response();
			assert.equal(response?.status, 400);
			assert.match(errorOf(response), /HPE_INVALID_EOF_STATE/);
			await connection.closed();
		}
	});
});

describe("requests for node:http", options, () => {
	const leaving: readonly (readonly [
		name: string,
		text: string,
		status: number,
	])[] = [
		["chunks", chunked(echoRequest().body), 200],
		[
			"another method",
			"PUT /v2/nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
			404,
		],
		[
			"an absolute target",
			"GET http://localhost/v2 HTTP/1.1\r\nHost: localhost\r\n\r\n",
			404,
		],
		[
			"several connection options",
			`GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, te\r\n\r\n`,
			200,
		],
		[
			"a field twice",
			`GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nVia: a\r\nVia: b\r\n\r\n`,
			200,
		],
		["an empty line first", `\r\n${LIVE}`, 200],
	];
	for (const [name, text, status] of leaving)
		test(`${name}: it gets every byte, and keeps the connection`, async (t) => {
			const server = await startTransport(t);
			const connection = server.connect();
			await connection.write(LIVE);
			assert.equal((await connection.response())?.status, 200);
			assert.equal(server.transport.ownConnectionCount, 1);
			await connection.write(text);
			assert.equal((await connection.response())?.status, status);
			assert.equal(server.transport.ownConnectionCount, 0);
			assert.equal(server.transport.connectionCount, 1);
			await connection.write(echo());
			assert.equal((await connection.response())?.status, 200);
			assert.equal(server.transport.ownConnectionCount, 0);
		});

	test("wherever their bytes are cut, and with what was sent ahead", async (t) => {
		const { connect } = await startTransport(t);
		const text = chunked(echoRequest().body) + echo() + LIVE;
		for (let cut = 1; cut < text.length; cut += 3) {
			const connection = connect();
			await sendInPieces(connection, [text.slice(0, cut), text.slice(cut)]);
			for (let i = 0; i < 3; i++)
				assert.equal((await connection.response())?.status, 200, `at ${cut}`);
			connection.destroy();
		}
	});

	test("as the first one, with a body of megabytes", async (t) => {
		const server = await startTransport(t);
		const connection = server.connect();
		const { body } = echoRequest(500_000);
		await connection.write(chunked(body));
		await connection.begun();
		await connection.write(requestText(INFER, body, ["Connection: close"]));
		await connection.closed();
		assert.equal(server.transport.ownConnectionCount, 0);
	});

	test("sent ahead behind one that is under way: only when that was answered", async (t) => {
		const server = await startTransport(t);
		const connection = server.connect();
		const isHeld = heldIn(server);
		await connection.write(
			requestText(HELD, echoRequest().body) + chunked(echoRequest().body),
		);
		await isHeld;
		assert.equal(server.transport.ownConnectionCount, 1);
		server.inference.answerHeld(0);
		for (let i = 0; i < 2; i++)
			assert.equal((await connection.response())?.status, 200);
		assert.equal(server.transport.ownConnectionCount, 0);
	});
});

describe("time", options, () => {
	const limits = {
		headTimeoutMs: 1000,
		requestTimeoutMs: 2000,
		keepAliveTimeoutMs: 5000,
		lingerMs: 1000,
	};

	async function start(t: Parameters<typeof startTransport>[0]) {
		const clock = new ManualClock(1_000_000);
		const server = await startTransport(t, { clock, limits });
		const advanceMs = (ms: number) => clock.advance(1000 * ms);
		return { ...server, clock, advanceMs };
	}

	async function accepted({ transport }: TestTransport): Promise<void> {
		while (transport.connectionCount === 0) await turn();
	}

	test("a connection that never asks is told, and ended", async (t) => {
		const server = await start(t);
		const connection = server.connect();
		await accepted(server);
		server.advanceMs(900);
		assert.equal(server.transport.connectionCount, 1);
		server.advanceMs(300);
		assert.equal((await connection.response())?.status, 408);
		await connection.closed();
	});

	test("one that has asked is kept for as long as idle connections are, then ended without a word", async (t) => {
		const server = await start(t);
		const connection = server.connect();
		await connection.write(LIVE);
		assert.equal((await connection.response())?.status, 200);
		server.advanceMs(4900);
		await connection.write(LIVE);
		assert.equal((await connection.response())?.status, 200);
		server.advanceMs(5200);
		assert.equal(await connection.response(), null);
	});

	test("a head and a body have their time from the first byte of the head", async (t) => {
		const server = await start(t);
		const connection = server.connect();
		const text = requestText(INFER, echoRequest(20_000).body);
		const bodyStart = text.indexOf("\r\n\r\n") + 4;
		await sendInPieces(connection, [text.slice(0, 20)]);
		await accepted(server);
		for (let i = 0; i < 10; i++) await turn();
		server.advanceMs(900);
		await sendInPieces(connection, [text.slice(20, bodyStart + 1)]);
		while (server.pool.leasedCount === 0) await turn();
		server.advanceMs(1000);
		assert.equal(server.transport.connectionCount, 1);
		server.advanceMs(300);
		assert.equal((await connection.response())?.status, 408);
		await connection.closed();
		assert.equal(server.pool.leasedCount, 0);
	});

	test("a request that is being served has all the time that it needs", async (t) => {
		const server = await start(t);
		const connection = server.connect();
		const isHeld = heldIn(server);
		await connection.write(requestText(HELD, echoRequest().body));
		await isHeld;
		server.advanceMs(60_000);
		server.inference.answerHeld(0);
		assert.equal((await connection.response())?.status, 200);
	});

	test("nothing is looked after when nobody is there", async (t) => {
		const server = await start(t);
		const connection = server.connect();
		await accepted(server);
		assert.equal(server.clock.pendingCount, 1);
		connection.destroy();
		while (server.transport.connectionCount > 0) await turn();
		assert.equal(server.clock.pendingCount, 0);
	});
});

describe("the end of the transport", options, () => {
	test("idle connections end at once, a request under way is answered and is the last", async (t) => {
		const server = await startTransport(t);
		const idle = server.connect();
		await idle.write(LIVE);
		assert.equal((await idle.response())?.status, 200);
		const busy = server.connect();
		const isHeld = heldIn(server);
		await busy.write(requestText(HELD, echoRequest().body));
		await isHeld;
		const closing = server.transport.close(60_000);
		await idle.closed();
		server.inference.answerHeld(0);
		const response = await busy.response();
		assert.equal(response?.status, 200);
		assert.equal(response?.headers["connection"], "close");
		await closing;
		assert.equal(server.transport.connectionCount, 0);
	});

	test("what is not done in time is cut", async (t) => {
		const server = await startTransport(t);
		const connection = server.connect();
		const isHeld = heldIn(server);
		await connection.write(requestText(HELD, echoRequest().body));
		await isHeld;
		await server.transport.close(10);
		assert.equal(await connection.response(), null);
		assert.equal(server.inference.held[0]?.cancelled, true);
	});
});

describe("the same bytes to our parser and to node:http alone", options, () => {
	/** No head goes on in this way, and no body is so long: it ends what came before. */
	const END = "X\r\n".repeat(1000);

	/** All answers until the server closes, but for those that say to go on: of each its status, and its body where that is JSON. */
	async function answersOf(
		{ connect }: TestTransport,
		text: string,
	): Promise<string[]> {
		const connection = connect();
		await connection.write(Buffer.from(text + END, "latin1"));
		const { head, body } = await connection.rest();
		const all = head + body.toString("latin1");
		return [...all.matchAll(/HTTP\/1\.1 (\d+)|\{.*\}/g)]
			.map(([found, status]) => status ?? found.replace(/HTTP.*/, ""))
			.filter((found) => found !== "100");
	}

	const wholeRequests = fc.constantFrom(
		LIVE,
		echo(),
		chunked(echoRequest().body),
		requestText("/v2/nowhere"),
		requestText(INFER, "{"),
		requestText("POST /v2/repository/index", "{}"),
	);

	test("requests in a row, then one that may be broken: the same answers", async (t) => {
		const own = await startTransport(t);
		const node = await startTransport(t, { parser: "node" });
		await fc.assert(
			fc.asyncProperty(
				fc.array(wholeRequests, { maxLength: 3 }),
				// node:http does not go on reading behind one that asks for an upgrade.
				arbitraryHead.filter((head) => !/upgrade/i.test(head)),
				async (requests, last) => {
					const text = requests.join("") + last;
					const ours = await answersOf(own, text);
					const theirs = await answersOf(node, text);
					// node:http may cut a connection off before all that came before is told, for chunks that are broken.
					const count = Math.min(ours.length, theirs.length);
					assert.deepEqual(ours.slice(0, count), theirs.slice(0, count));
					const statuses = ours.filter((found) => /^[2-5]/.test(found));
					const broken = statuses.slice(requests.length + 1);
					assert.match(broken.join(), /^(400)?$/, "what is no request");
				},
			),
			{ numRuns: 300 },
		);
	});
});
