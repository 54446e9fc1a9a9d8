import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerBytes } from "./answer-bytes.ts";

const bytesFrom = (start: number, count: number) =>
	Uint8Array.from({ length: count }, (_, at) => (start + at) % 251);

test("an answer in pieces is their bytes in a row, however long it gets", () => {
	const answer = new AnswerBytes();
	const pieces = [bytesFrom(0, 700), bytesFrom(7, 700), bytesFrom(9, 70_000)];
	for (const piece of pieces) answer.add(piece);
	assert.deepEqual(
		Buffer.from(answer.bytes.subarray(0, answer.length)),
		Buffer.concat(pieces),
	);
});

test("the next answer has nothing of the last one, and none of its memory is new", () => {
	const answer = new AnswerBytes();
	answer.add(bytesFrom(0, 5000));
	const { bytes } = answer;
	answer.clear();
	answer.add(bytesFrom(3, 40));
	assert.equal(answer.bytes, bytes);
	assert.deepEqual(answer.bytes.subarray(0, answer.length), bytesFrom(3, 40));
});

test("what is added may be overwritten afterwards", () => {
	const answer = new AnswerBytes();
	const read = bytesFrom(1, 10);
	answer.add(read);
	read.fill(0);
	assert.deepEqual(answer.bytes.subarray(0, answer.length), bytesFrom(1, 10));
});
