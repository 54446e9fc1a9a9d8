import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpAnswerReader } from "./http-answer.ts";

const ANSWER = Buffer.from(
	"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nworld",
);

test("an answer is whole wherever the connection cuts it", () => {
	for (let cut = 1; cut < ANSWER.length; cut++) {
		const reader = new HttpAnswerReader();
		assert.equal(reader.read(ANSWER.subarray(0, cut)), null);
		const answer = reader.read(ANSWER.subarray(cut));
		assert.equal(answer?.status, 503);
		assert.equal(answer?.content.toString(), "world");
	}
});

test("what was read may be overwritten before the answer is whole", () => {
	const reader = new HttpAnswerReader();
	const buffer = Buffer.alloc(ANSWER.length);
	let content = "";
	for (const byte of ANSWER) {
		buffer[0] = byte;
		content = reader.read(buffer.subarray(0, 1))?.content.toString() ?? "";
	}
	assert.equal(content, "world");
});

test("a connection's next answer starts afresh", () => {
	const reader = new HttpAnswerReader();
	reader.read(ANSWER);
	assert.equal(reader.read(ANSWER)?.content.toString(), "world");
});

test("an answer that does not tell its length is refused", () => {
	const chunked = Buffer.from(
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	);
	assert.throws(() => new HttpAnswerReader().read(chunked), /without/);
});
