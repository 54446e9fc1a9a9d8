// The transport on a real socket: routes, methods, the order of answers, and what is refused before there is a request.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorOf, requestText } from "./test-support/raw-connection.ts";
import { eachParser, echoRequest } from "./test-support/transport.ts";

const options = { timeout: 30_000 };

eachParser((start) => {
	describe("a binary tensor", options, () => {
		test("lies on a cache line, however long the JSON before it is, so that a batch of one needs no copy", async (t) => {
			const { fetch, inference } = await start(t);
			for (const [index, name] of ["x", "xyz", "a longer name"].entries()) {
				const bytes = new Uint8Array(200_000).fill(index);
				const parameters = { binary_data_size: bytes.byteLength };
				const shape = [bytes.byteLength];
				const json = JSON.stringify({
					inputs: [{ name, datatype: "UINT8", shape, parameters }],
				});
				const isHeld = new Promise<void>((resolve) => {
					inference.onChange = resolve;
				});
				const answer = fetch("/v2/models/held/infer", {
					method: "POST",
					headers: { "inference-header-content-length": String(json.length) },
					body: Buffer.concat([Buffer.from(json), bytes]),
				});
				await isHeld;
				const { data } = inference.held[index]!.request.inputs[0]!;
				assert.equal(data.byteOffset % 64, 0);
				assert.deepEqual(data, bytes);
				inference.answerHeld(index);
				assert.equal((await answer).status, 200);
			}
		});
	});

	describe("routes over the wire", options, () => {
		test("the console is a page that runs its own scripts alone and loads from nowhere else", async (t) => {
			const { fetch } = await start(t);
			const plain = { headers: { "accept-encoding": "identity" } };
			const response = await fetch("/", plain);
			assert.equal(response.status, 200);
			assert.equal(await response.text(), "<!doctype html>\n");
			const policy = response.headers.get("content-security-policy") ?? "";
			for (const rule of [
				"default-src 'none'",
				"script-src 'self'",
				"connect-src 'self'",
				"frame-ancestors 'none'",
				"require-trusted-types-for 'script'",
			])
				assert.ok(policy.split("; ").includes(rule), `${rule}: ${policy}`);
			assert.doesNotMatch(policy, /unsafe|https?:|\*/);
			assert.equal(response.headers.get("access-control-allow-origin"), null);
			assert.equal(response.headers.get("cache-control"), "no-cache");
			const etag = response.headers.get("etag") ?? "";
			const again = await fetch("/", {
				headers: { ...plain.headers, "if-none-match": etag },
			});
			assert.deepEqual([again.status, await again.text()], [304, ""]);
		});

		test("what belongs to the console is compressed as the browser likes it, and kept for ever", async (t) => {
			const { fetch } = await start(t);
			for (const [accepted, coding] of [
				["gzip, br", "br"],
				["gzip, br;q=0", "gzip"],
				["identity", null],
			] as const) {
				const response = await fetch("/assets/index-abc.css", {
					headers: { "accept-encoding": accepted },
				});
				assert.equal(response.status, 200);
				assert.equal(response.headers.get("content-encoding"), coding);
				assert.match(response.headers.get("cache-control") ?? "", /immutable/);
				assert.equal(await response.text(), "body {\n\tmargin: 0;\n}\n");
			}
			for (const path of ["/assets/nope.js", "/assets/a%2Fb.js", "/icon.svg"])
				assert.equal((await fetch(path)).status, 404, path);
		});

		test("what is nowhere is Not Found, in JSON, whatever the method", async (t) => {
			const { fetch } = await start(t);
			for (const path of [
				"/v2/",
				"/v1/models",
				"/v2/models/echo/infer/",
				"/v2/models/echo/nope",
				"/v2/models/a/versions/x/infer",
				"/v2/models/a/versions/1/trace/setting",
			])
				for (const init of [
					{},
					{ method: "POST", body: "{}" },
					{ method: "DELETE" },
				]) {
					const response = await fetch(path, init);
					assert.equal(response.status, 404, path);
					assert.deepEqual(await response.json(), { error: "Not Found" });
				}
		});

		test("a wrong method says which is right", async (t) => {
			const { fetch } = await start(t);
			for (const [path, method, allow] of [
				["/v2/models/echo/infer", "GET", "POST"],
				["/v2/models/echo/infer", "PUT", "POST"],
				["/v2/health/live", "POST", "GET"],
				["/v2/models/echo", "DELETE", "GET"],
				["/v2/logging", "PATCH", "GET, POST"],
				["/v2/repository/index", "GET", "POST"],
			] as const) {
				const response = await fetch(path, { method });
				assert.equal(response.status, 405, `${method} ${path}`);
				assert.equal(response.headers.get("allow"), allow);
				assert.deepEqual(await response.json(), {
					error: "Method Not Allowed",
				});
			}
		});

		test("query strings are ignored, names percent-decoded", async (t) => {
			const { fetch } = await start(t);
			assert.equal((await fetch("/v2/health/live?a=1&b")).status, 200);
			const response = await fetch("/v2/models/a%2Fb%20%E2%82%AC");
			assert.equal(((await response.json()) as { name: string }).name, "a/b €");
		});

		test("a name that is no percent-encoding is refused", async (t) => {
			const { fetch } = await start(t);
			const response = await fetch("/v2/models/%ff/ready");
			assert.equal(response.status, 400);
			assert.match(await response.text(), /is not valid percent-encoding/);
		});
	});

	describe("requests on one connection", options, () => {
		test("pipelined requests are answered in their order", async (t) => {
			const { connect, inference } = await start(t);
			const held = new Promise<void>((resolve) => {
				inference.onChange = resolve;
			});
			const connection = connect();
			const { body } = echoRequest();
			await connection.write(
				requestText("POST /v2/models/held/infer", body) +
					requestText("/v2/health/live") +
					requestText("/v2/models/nope/infer"),
			);
			await held;
			inference.answerHeld(0);
			const statuses = [];
			for (let i = 0; i < 3; i++)
				statuses.push((await connection.response())?.status);
			assert.deepEqual(statuses, [200, 200, 405]);
		});

		test("a broken request is answered after the whole ones before it", async (t) => {
			const { connect, inference } = await start(t);
			const held = new Promise<void>((resolve) => {
				inference.onChange = resolve;
			});
			const connection = connect();
			await connection.write(
				`${requestText("POST /v2/models/held/infer", echoRequest().body)}NONSENSE\r\n\r\n`,
			);
			await held;
			inference.answerHeld(0);
			assert.equal((await connection.response())?.status, 200);
			const broken = await connection.response();
			assert.equal(broken?.status, 400);
			assert.match(errorOf(broken), /^Bad Request/);
			await connection.closed();
		});

		test("bytes beyond the announced length are no part of the request", async (t) => {
			const { connect } = await start(t);
			const connection = connect();
			const { body } = echoRequest();
			await connection.write(
				`${requestText("POST /v2/models/echo/infer", body)}and more`,
			);
			assert.equal((await connection.response())?.status, 200);
			assert.equal((await connection.response())?.status, 400);
			await connection.closed();
		});

		test("an error leaves the connection usable when the body was read", async (t) => {
			const { connect } = await start(t);
			const connection = connect();
			for (const [body, status] of [
				["{", 400],
				['{"inputs":[]}', 200],
				["[]", 400],
				[echoRequest().body, 200],
			] as const) {
				await connection.write(requestText("POST /v2/models/echo/infer", body));
				assert.equal((await connection.response())?.status, status, body);
			}
		});

		test("a refused client may send its whole body and still reads why", async (t) => {
			const { connect } = await start(t);
			const connection = connect();
			const large = "x".repeat(32 * 1024 * 1024);
			const request = requestText("POST /v2/models/nope/infer", large);
			assert.ok(await connection.write(request), "it was cut off");
			const response = await connection.response();
			assert.equal(response?.status, 404);
			assert.equal(response?.headers["connection"], "close");
			assert.match(errorOf(response), /Request for unknown model: 'nope'/);
			await connection.closed();
		});

		test("a refused client that goes on for too long is cut", async (t) => {
			const { connect } = await start(t, { limits: { lingerMs: 50 } });
			const connection = connect();
			await connection.write(
				requestText("POST /v2/models/nope/infer", "", ["Content-Length: 1000"]),
			);
			assert.equal((await connection.response())?.status, 404);
			await connection.closed();
		});

		test("a client that asks first is told to go on only when it may", async (t) => {
			const { connect } = await start(t);
			const { body } = echoRequest();
			const expecting = [
				`Content-Length: ${body.length}`,
				"Expect: 100-continue",
			];
			const refused = connect();
			await refused.write(
				requestText("POST /v2/models/nope/infer", "", expecting),
			);
			assert.equal((await refused.response())?.status, 404);
			await refused.closed();
			const accepted = connect();
			await accepted.write(
				requestText("POST /v2/models/echo/infer", "", expecting),
			);
			assert.equal((await accepted.response())?.status, 100);
			await accepted.write(body);
			assert.equal((await accepted.response())?.status, 200);
		});
	});

	describe("before there is a request", options, () => {
		const refused: readonly (readonly [
			name: string,
			text: string,
			status: number,
		])[] = [
			["no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00", 400],
			[
				"an unknown method",
				"BREW /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n",
				400,
			],
			["no Host", "GET /v2 HTTP/1.1\r\n\r\n", 400],
			[
				"a header without a colon",
				"GET /v2 HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n",
				400,
			],
			[
				"a NUL in a header",
				"GET /v2 HTTP/1.1\r\nHost: a\r\nx: a\0b\r\n\r\n",
				400,
			],
			[
				"a folded header",
				"GET /v2 HTTP/1.1\r\nHost: a\r\nx: a\r\n b\r\n\r\n",
				400,
			],
			[
				"both a length and chunks (request smuggling)",
				"POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
				400,
			],
			[
				"two lengths",
				"POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
				400,
			],
			[
				"a length that is no number",
				"POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
				400,
			],
			[
				"a chunk whose size is no number",
				"POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
				400,
			],
			["10,000 header lines", head(10_000), 431],
			["201 header lines", head(201), 431],
			[
				"a header line of 64 KiB",
				`GET /v2 HTTP/1.1\r\nHost: localhost\r\nx: ${"y".repeat(65_536)}\r\n\r\n`,
				431,
			],
			[
				"a path of 64 KiB",
				`GET /v2/${"y".repeat(65_536)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
				431,
			],
		];
		for (const [name, text, status] of refused)
			test(`${name}: ${status} in JSON`, async (t) => {
				const { connect } = await start(t);
				const connection = connect();
				await connection.write(text);
				const response = await connection.response();
				assert.equal(response?.status, status);
				assert.equal(response?.headers["content-type"], "application/json");
				assert.notEqual(errorOf(response), "");
			});

		test("200 header lines are fine", async (t) => {
			const { connect } = await start(t);
			const connection = connect();
			await connection.write(head(200));
			assert.equal((await connection.response())?.status, 200);
		});

		test("HTTP/1.0 without Host is answered", async (t) => {
			const { connect } = await start(t);
			const connection = connect();
			await connection.write("GET /v2/health/live HTTP/1.0\r\n\r\n");
			assert.equal((await connection.response())?.status, 200);
		});
	});
});

function head(lineCount: number): string {
	const lines = Array.from({ length: lineCount - 1 }, (_, i) => `h${i}: v`);
	return `GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n${lines.join("\r\n")}\r\n\r\n`;
}
