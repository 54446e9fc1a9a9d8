// What one client may cost: time, memory, connections. Each client here misbehaves; others must not notice.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { resolveHttpLimits } from "./limits.ts";
import { errorOf, requestText } from "./test-support/raw-connection.ts";
import {
	eachParser,
	echoRequest,
	type TestTransport,
} from "./test-support/transport.ts";

const options = { timeout: 30_000 };
const MIB = 1024 * 1024;
const INFER = "POST /v2/models/echo/infer";

async function assertServes({ fetch }: TestTransport): Promise<void> {
	const { path, body } = echoRequest();
	const response = await fetch(path, { method: "POST", body });
	assert.equal(response.status, 200, await response.text());
}

eachParser((start) => {
	describe("time", options, () => {
		test("a head that does not end is cut off with 408", async (t) => {
			const server = await start(t, {
				limits: { headTimeoutMs: 100, requestTimeoutMs: 200 },
			});
			const connection = server.connect();
			await connection.write(
				"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n",
			);
			await assertServes(server);
			const response = await connection.response();
			assert.equal(response?.status, 408);
			assert.match(errorOf(response), /Request Timeout/);
			await connection.closed();
		});

		test("a body that does not come is cut off with 408, and its memory given back", async (t) => {
			const server = await start(t, {
				limits: { headTimeoutMs: 100, requestTimeoutMs: 200 },
			});
			const connection = server.connect();
			await connection.write(
				`${requestText(INFER, "", ["Content-Length: 1000000"])}half`,
			);
			const response = await connection.response();
			assert.equal(response?.status, 408);
			await connection.closed();
			while (server.pool.leasedCount > 0) await turn();
			await assertServes(server);
		});

		test("a body that drips is cut off all the same", async (t) => {
			const server = await start(t, {
				limits: { headTimeoutMs: 100, requestTimeoutMs: 300 },
			});
			const connection = server.connect();
			await connection.write(
				requestText(INFER, "", ["Content-Length: 1000000"]),
			);
			const drip = setInterval(() => void connection.write("x"), 10);
			t.after(() => clearInterval(drip));
			assert.equal((await connection.response())?.status, 408);
			await connection.closed();
		});

		test("a client that never reads its answer is cut off", async (t) => {
			const server = await start(t, {
				limits: { writeTimeoutMs: 200, minReadBytesPerSecond: 1024 * MIB },
			});
			const connection = server.connect();
			connection.pause();
			const floats = Buffer.alloc(32 * MIB);
			const json = JSON.stringify({
				parameters: { binary_data_output: true },
				inputs: [
					{
						name: "x",
						datatype: "FP32",
						shape: [floats.byteLength / 4],
						parameters: { binary_data_size: floats.byteLength },
					},
				],
			});
			await connection.write(
				requestText(INFER, "", [
					`Inference-Header-Content-Length: ${json.length}`,
					`Content-Length: ${json.length + floats.byteLength}`,
				]),
			);
			await connection.write(json);
			await connection.write(floats);
			// Bytes of a next request do not keep it.
			const drip = setInterval(() => void connection.write("G"), 10);
			t.after(() => clearInterval(drip));
			while (server.transport.connectionCount > 0) await turn();
			await assertServes(server);
		});

		test("a client that was told that its request is broken, and goes on without reading it, is cut off", async (t) => {
			const server = await start(t);
			const connection = server.connect();
			connection.pause();
			await connection.write("NONSENSE\r\n\r\n");
			const drip = setInterval(() => void connection.write("G"), 10);
			t.after(() => clearInterval(drip));
			while (server.transport.connectionCount === 0) await turn();
			while (server.transport.connectionCount > 0) await turn();
			await assertServes(server);
		});

		test("answers that nobody reads keep new work out, and only as long", async (t) => {
			const server = await start(t, {
				limits: {
					writeTimeoutMs: 300,
					minReadBytesPerSecond: 1024 * MIB,
					maxUnreadBytes: MIB,
				},
			});
			const connection = server.connect();
			connection.pause();
			const { body } = echoRequest(1_500_000);
			await connection.write(requestText(INFER, body));
			const until = async (status: number): Promise<Response> => {
				for (;;) {
					const small = echoRequest();
					const init = { method: "POST", body: small.body };
					const response = await server.fetch(small.path, init);
					if (response.status === status) return response;
					await response.arrayBuffer();
				}
			};
			const refusal = await until(503);
			assert.equal(
				refusal.headers.get("saccade-refused-because"),
				"queue-full",
			);
			assert.match(
				await refusal.text(),
				/clients have not read \d+ bytes of answers/,
			);
			await until(200);
		});

		test("pipelined requests of a client that never reads do not pile up", async (t) => {
			const server = await start(t, {
				limits: { writeTimeoutMs: 300 },
			});
			let answered = 0;
			const { infer } = server.inference;
			server.inference.infer = function count(request, reply) {
				answered++;
				return infer.call(this, request, reply);
			};
			const connection = server.connect();
			connection.pause();
			const one = requestText(INFER, echoRequest(20_000).body);
			void connection.write(one.repeat(500));
			await connection.closed();
			assert.ok(
				answered < 400,
				`${answered} of 500 were run and kept in memory`,
			);
			await assertServes(server);
		});
	});

	describe("memory", options, () => {
		test("a length beyond the memory for all bodies is refused at once", async (t) => {
			const server = await start(t, { budgetBytes: MIB });
			for (const length of [2 * MIB, Number.MAX_SAFE_INTEGER]) {
				const connection = server.connect();
				await connection.write(
					requestText(INFER, "", [`Content-Length: ${length}`]),
				);
				const response = await connection.response();
				assert.equal(response?.status, 400);
				assert.match(
					errorOf(response),
					/exceeds the memory for all request bodies/,
				);
			}
			await assertServes(server);
		});

		test("lengths that are announced and never sent keep nobody out", async (t) => {
			const server = await start(t, { budgetBytes: 64 * MIB });
			for (let i = 0; i < 50; i++) {
				const connection = server.connect();
				await connection.write(
					`${requestText(INFER, "", [`Content-Length: ${32 * MIB}`])}{`,
				);
			}
			await assertServes(server);
			assert.ok(
				server.pool.leasedBytes < MIB,
				`${server.pool.leasedBytes} bytes are taken by what never came`,
			);
		});

		test("bodies that do come are refused when their memory is used up, and it comes back", async (t) => {
			const server = await start(t, { budgetBytes: 4 * MIB });
			const half = "x".repeat(3 * MIB);
			const first = server.connect();
			await first.write(
				requestText(INFER, "", [`Content-Length: ${4 * MIB - 1}`]) + half,
			);
			while (server.pool.leasedBytes < half.length) await turn();
			const second = server.connect();
			await second.write(
				requestText(INFER, "", [`Content-Length: ${3 * MIB}`]) + half,
			);
			const response = await second.response();
			assert.equal(response?.status, 503);
			assert.equal(response?.headers["saccade-refused-because"], "queue-full");
			assert.match(errorOf(response), /memory for request bodies is used up/);
			first.destroy();
			while (server.pool.leasedBytes > MIB) await turn();
			await assertServes(server);
		});

		test("chunked bodies end at the largest input", async (t) => {
			const server = await start(t, {
				limits: { maxInputBytes: MIB },
			});
			const connection = server.connect();
			await connection.write(
				requestText(INFER, "", ["Transfer-Encoding: chunked"]),
			);
			const chunk = `${(64 * 1024).toString(16)}\r\n${"x".repeat(64 * 1024)}\r\n`;
			await connection.write(chunk.repeat(20));
			const response = await connection.response();
			assert.equal(response?.status, 400);
			assert.match(
				errorOf(response),
				/request JSON size of \d+ bytes exceeds the maximum allowed input size of 1048576 bytes. Use --http-max-input-size to increase the limit./,
			);
		});

		test("chunked bodies count against the memory for bodies", async (t) => {
			const server = await start(t, { budgetBytes: MIB });
			const connection = server.connect();
			await connection.write(
				requestText(INFER, "", ["Transfer-Encoding: chunked"]),
			);
			const chunk = `${(64 * 1024).toString(16)}\r\n${"x".repeat(64 * 1024)}\r\n`;
			await connection.write(chunk.repeat(20));
			const response = await connection.response();
			assert.equal(response?.status, 503);
			assert.match(errorOf(response), /memory for request bodies is used up/);
			await assertServes(server);
		});

		test("a body in more than 65,536 chunks is refused", async (t) => {
			const server = await start(t);
			const connection = server.connect();
			await connection.write(
				requestText(INFER, "", ["Transfer-Encoding: chunked"]),
			);
			void connection.write("1\r\n \r\n".repeat(70_000));
			const response = await connection.response();
			assert.equal(response?.status, 400);
			assert.equal(response?.headers["connection"], "close");
			assert.equal(
				errorOf(response),
				"Chunked request body exceeds maximum of 65536 non-empty chunks. Send fewer or larger HTTP chunks.",
			);
		});

		test("a chunked body is a body", async (t) => {
			const server = await start(t);
			const connection = server.connect();
			const { body } = echoRequest();
			const chunks = [...body].map((char) => `1\r\n${char}\r\n`).join("");
			await connection.write(
				`${requestText(INFER, "", ["Transfer-Encoding: chunked"])}${chunks}0\r\n\r\n`,
			);
			assert.equal((await connection.response())?.status, 200);
		});

		test("a JSON part beyond the largest input is refused", async (t) => {
			const server = await start(t, { limits: { maxInputBytes: 1000 } });
			const { path, body } = echoRequest(1000);
			const response = await server.fetch(path, { method: "POST", body });
			assert.equal(response.status, 400);
			assert.match(
				await response.text(),
				/request JSON size of \d+ bytes exceeds/,
			);
		});
	});

	describe("clients that leave", options, () => {
		const partsOf = (text: string) =>
			[0.1, 0.5, 0.9, 1].map((share) => text.slice(0, text.length * share));

		test("at any point of a request: nothing stays", async (t) => {
			const server = await start(t);
			const plain = requestText(INFER, echoRequest(50_000).body);
			const chunked = `${requestText(INFER, "", ["Transfer-Encoding: chunked"])}1000\r\n${"x".repeat(4096)}\r\n`;
			for (const text of [plain, chunked])
				for (const part of partsOf(text))
					for (const leave of ["end", "destroy"] as const) {
						const connection = server.connect();
						await connection.write(part);
						connection[leave]();
					}
			while (
				server.transport.connectionCount > 0 ||
				server.pool.leasedCount > 0
			)
				await turn();
			await assertServes(server);
		});

		test("while their request is under way: it is cancelled", async (t) => {
			const server = await start(t);
			const changes: (() => void)[] = [];
			const changed = () =>
				new Promise<void>((resolve) => {
					changes.push(resolve);
				});
			server.inference.onChange = () => changes.shift()?.();
			const isHeld = changed();
			const connection = server.connect();
			await connection.write(
				requestText("POST /v2/models/held/infer", echoRequest().body),
			);
			await isHeld;
			const isCancelled = changed();
			connection.destroy();
			await isCancelled;
			assert.equal(server.inference.held[0]?.cancelled, true);
		});
	});

	describe("connections", options, () => {
		test("more than the limit are closed as they come", async (t) => {
			const server = await start(t, {
				limits: { maxConnectionCount: 2 },
			});
			const first = [server.connect(), server.connect()];
			for (const connection of first) {
				await connection.write(requestText("/v2/health/live"));
				assert.equal((await connection.response())?.status, 200);
			}
			const third = server.connect();
			await third.closed();
			first[0]!.destroy();
			while (server.transport.connectionCount > 1) await turn();
			const fourth = server.connect();
			await fourth.write(requestText("/v2/health/live"));
			assert.equal((await fourth.response())?.status, 200);
		});
	});
});

test("a limit that is no positive number is refused", () => {
	for (const wrong of [0, -1, Number.NaN])
		assert.throws(() => resolveHttpLimits({ lingerMs: wrong }), RangeError);
});
