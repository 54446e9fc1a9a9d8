// The parser of heads: a table of RFC 9112's cases, and what must hold for any bytes at all.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
	arbitraryCuts,
	arbitraryHead,
} from "../test-support/arbitrary-heads.ts";
import { readHead } from "../test-support/read-head.ts";

const options = { timeout: 60_000 };
const latin1 = (text: string) => Buffer.from(text, "latin1");

/** A head of these lines after a request line that is right. */
function withLines(...lines: string[]): string {
	return `${["POST /v2/models/m/infer HTTP/1.1", ...lines].join("\r\n")}\r\n\r\n`;
}

describe("heads that are taken", options, () => {
	test("method, target and fields are as they were sent, names in lower case, blanks around values gone", () => {
		const text =
			"POST /v2/models/m%20n/infer?a=b HTTP/1.1\r\nHost:localhost:8000\r\nX-Blank: \t a  b \t\r\nX-Empty:\r\nX-Latin: \xe9\r\nCONTENT-LENGTH: 12\r\n\r\n";
		const verdict = readHead(latin1(`${text}the body`));
		assert.equal(verdict.kind, "head");
		assert.ok(verdict.kind === "head");
		const { head, byteLength } = verdict;
		assert.equal(byteLength, text.length);
		assert.equal(head.method, "POST");
		assert.equal(head.target, "/v2/models/m%20n/infer?a=b");
		assert.deepEqual(Object.fromEntries(head.headers), {
			host: "localhost:8000",
			"x-blank": "a  b",
			"x-empty": "",
			"x-latin": "\xe9",
			"content-length": "12",
		});
		assert.equal(head.bodyBytes, 12);
		assert.equal(head.headerCount, 5);
		assert.equal(head.keepsAlive, true);
		assert.equal(head.awaitsContinue, false);
	});

	test("a head without fields, and what it means: no body, the connection stays", () => {
		const verdict = readHead(latin1("GET / HTTP/1.1\r\n\r\n"));
		assert.ok(verdict.kind === "head");
		assert.equal(verdict.head.bodyBytes, 0);
		assert.equal(verdict.head.keepsAlive, true);
	});

	for (const [line, keepsAlive] of [
		["Connection: close", false],
		["Connection: Close", false],
		["Connection: keep-alive", true],
		["Connection: Keep-Alive", true],
	] as const)
		test(`${line}: the connection ${keepsAlive ? "stays" : "ends"}`, () => {
			const verdict = readHead(latin1(withLines(line)));
			assert.ok(verdict.kind === "head");
			assert.equal(verdict.head.keepsAlive, keepsAlive);
		});

	test("Expect: 100-continue, in any case", () => {
		const verdict = readHead(latin1(withLines("Expect: 100-Continue")));
		assert.ok(verdict.kind === "head");
		assert.equal(verdict.head.awaitsContinue, true);
	});

	test("names that objects have are names like any other", () => {
		const verdict = readHead(
			latin1(withLines("__proto__: a", "constructor: b")),
		);
		assert.ok(verdict.kind === "head");
		assert.equal(verdict.head.headers.get("__proto__"), "a");
		assert.equal(verdict.head.headers.get("toString"), undefined);
	});
});

describe("heads that are left to node:http", options, () => {
	const foreign: readonly (readonly [name: string, text: string])[] = [
		["another method", "HEAD /v2 HTTP/1.1\r\n\r\n"],
		["a method in lower case", "get /v2 HTTP/1.1\r\n\r\n"],
		["no method", " /v2 HTTP/1.1\r\n\r\n"],
		["an empty line first", "\r\nGET /v2 HTTP/1.1\r\n\r\n"],
		["a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00"],
		["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
		["an absolute target", "GET http://localhost/v2 HTTP/1.1\r\n\r\n"],
		["an asterisk for a target", "GET * HTTP/1.1\r\n\r\n"],
		["a fragment", "GET /v2#x HTTP/1.1\r\n\r\n"],
		["a control character in the target", "GET /v2\x01 HTTP/1.1\r\n\r\n"],
		["a byte beyond ASCII in the target", "GET /v2\xe9 HTTP/1.1\r\n\r\n"],
		["two spaces before the target", "GET  /v2 HTTP/1.1\r\n\r\n"],
		["two spaces before the version", "GET /v2  HTTP/1.1\r\n\r\n"],
		["a tab for a space", "GET\t/v2 HTTP/1.1\r\n\r\n"],
		["no version", "GET /v2\r\n\r\n"],
		["HTTP/1.0", "GET /v2 HTTP/1.0\r\n\r\n"],
		["HTTP/1.2", "GET /v2 HTTP/1.2\r\n\r\n"],
		["a version in lower case", "GET /v2 http/1.1\r\n\r\n"],
		["a space after the version", "GET /v2 HTTP/1.1 \r\n\r\n"],
		["a bare LF after the request line", "GET /v2 HTTP/1.1\nHost: a\r\n\r\n"],
		["a bare LF after a field", withLines("a: b\nc: d")],
		["a bare LF for the empty line", "GET /v2 HTTP/1.1\r\nHost: a\r\n\n"],
		["a bare CR in a value", withLines("a: b\rc")],
		["a CR too many", withLines("a: b\r")],
		["a NUL in a value", withLines("a: b\0")],
		["a control character in a value", withLines("a: b\x1b")],
		["DEL in a value", withLines("a: b\x7f")],
		["a folded field", withLines("a: b", " c")],
		["a field folded with a tab", withLines("a: b", "\tc")],
		["a blank before the first field", withLines(" a: b")],
		["a blank before a colon", withLines("Content-Length : 3")],
		["a tab before a colon", withLines("Transfer-Encoding\t: chunked")],
		["no colon", withLines("nonsense")],
		["no name", withLines(": a")],
		["a name with a byte beyond ASCII", withLines("a\xe9: b")],
		["a name with a separator", withLines("a(b): c")],
		["a name with a NUL", withLines("a\0: c")],
		["a field twice", withLines("Host: a", "Host: b")],
		["a length twice", withLines("Content-Length: 3", "content-length: 3")],
		["two lengths in one", withLines("Content-Length: 3, 3")],
		["an empty length", withLines("Content-Length:")],
		["a negative length", withLines("Content-Length: -1")],
		["a length with a sign", withLines("Content-Length: +3")],
		["a length with a fraction", withLines("Content-Length: 3.0")],
		["a length in hexadecimal", withLines("Content-Length: 0x3")],
		["a length with a blank in it", withLines("Content-Length: 1 0")],
		["a length beyond 2^53", withLines("Content-Length: 9007199254740993")],
		["chunks", withLines("Transfer-Encoding: chunked")],
		[
			"chunks and a length",
			withLines("Content-Length: 3", "Transfer-Encoding: chunked"),
		],
		["another coding", withLines("Transfer-Encoding: gzip, chunked")],
		["an upgrade", withLines("Connection: upgrade", "Upgrade: websocket")],
		["an upgrade that is only named", withLines("Upgrade: h2c")],
		["several connection options", withLines("Connection: close, te")],
		["an empty connection option", withLines("Connection:")],
		["Proxy-Connection", withLines("Proxy-Connection: close")],
		["another expectation", withLines("Expect: 200-ok")],
	];
	for (const [name, text] of foreign)
		test(name, () => {
			assert.equal(readHead(latin1(text)).kind, "foreign", text);
		});

	test("at the first byte that is wrong: nobody waits for the end of what is no head", () => {
		for (const text of [
			"X",
			"GEX",
			"GET x",
			"GET /v2 HTTQ",
			"GET / HTTP/1.1\r\n ",
		])
			assert.equal(readHead(latin1(text)).kind, "foreign", text);
	});
});

describe("for any bytes", options, () => {
	test("the verdict does not depend on how they are cut", () => {
		fc.assert(
			fc.property(arbitraryHead, arbitraryCuts, (text, cuts) => {
				const bytes = latin1(`${text}GET /next`);
				assert.deepEqual(readHead(bytes, cuts), readHead(bytes));
			}),
			{ numRuns: 3000 },
		);
	});

	test("each byte alone makes the same head as all at once", () => {
		const bytes = latin1(withLines("Host: a", "Content-Length: 3"));
		const everywhere = Array.from(bytes, (_, index) => index);
		assert.deepEqual(readHead(bytes, everywhere), readHead(bytes));
	});

	test("random ones never throw, and are never a head", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
				assert.notEqual(readHead(Buffer.from(bytes)).kind, "head");
			}),
			{ numRuns: 2000 },
		);
	});

	test("what we take, node:http takes, and it means the same to both", async () => {
		let takenCount = 0;
		await fc.assert(
			fc.asyncProperty(arbitraryHead, async (text) => {
				const verdict = readHead(latin1(text));
				if (verdict.kind !== "head" || verdict.head.bodyBytes > 100) return;
				takenCount++;
				const { head, byteLength } = verdict;
				const body = "b".repeat(head.bodyBytes);
				const theirs = await readByNode(
					latin1(`${text.slice(0, byteLength)}${body}`),
				);
				assert.deepEqual(theirs, {
					method: head.method,
					target: head.target,
					fields: [...head.headers].flat(),
					headerCount: head.headerCount,
					body,
					keepsAlive: head.keepsAlive,
					awaitsContinue: head.awaitsContinue,
				});
			}),
			{ numRuns: 10_000 },
		);
		assert.ok(takenCount > 300, `only ${takenCount} were heads`);
	});
});

interface ReadByNode {
	readonly method: string | undefined;
	readonly target: string | undefined;
	readonly fields: readonly string[];
	readonly headerCount: number;
	readonly body: string;
	readonly keepsAlive: boolean;
	readonly awaitsContinue: boolean;
}

/** One request through node:http, without a socket. Rejects when it refuses it. */
function readByNode(bytes: Buffer): Promise<ReadByNode> {
	return new Promise((resolve, reject) => {
		const server = createServer({ requireHostHeader: false });
		const socket = new Duplex({
			read: () => {},
			write: (_chunk, _encoding, done) => done(),
		});
		const take = (request: IncomingMessage, awaitsContinue: boolean) => {
			let body = "";
			request.on("data", (chunk: Buffer) => {
				body += chunk.toString("latin1");
			});
			request.on("end", () => {
				const { method, url, headers, rawHeaders } = request;
				const isName = (index: number) => index % 2 === 0;
				resolve({
					method,
					target: url,
					// Not `headers`, which loses `__proto__`.
					fields: rawHeaders.map((text, index) =>
						isName(index) ? text.toLowerCase() : text,
					),
					headerCount: rawHeaders.length / 2,
					body,
					keepsAlive: !/^close$/i.test(headers.connection ?? ""),
					awaitsContinue,
				});
				socket.destroy();
			});
		};
		server.on("request", (request) => take(request, false));
		server.on("checkContinue", (request) => take(request, true));
		server.on("clientError", reject);
		socket.on("close", () => reject(new Error("closed without a request")));
		server.on("upgrade", () => reject(new Error("taken for an upgrade")));
		server.emit("connection", socket);
		socket.push(bytes);
	});
}
