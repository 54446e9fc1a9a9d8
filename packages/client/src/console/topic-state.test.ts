import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeMedia } from "./media.ts";
import { TopicState } from "./topic-state.ts";

test("entries are replaced as a whole, then changed and taken away one by one", () => {
	const state = new TopicState();
	state.apply({ kind: "all", entries: { a: 1, b: 2 } });
	state.apply({ kind: "some", set: { b: 3, c: 4 }, gone: ["a"] });
	assert.deepEqual(
		[...state.entries],
		[
			["b", 3],
			["c", 4],
		],
	);
	state.apply({ kind: "all", entries: { d: 5 } });
	assert.deepEqual([...state.entries], [["d", 5]]);
});

test("a tail goes on where it was, keeps its length, and begins anew after a gap", () => {
	const state = new TopicState();
	const tail = (from: number, ...items: number[]) =>
		state.apply({ kind: "tail", from, items, keep: 3 });
	tail(0, 10, 11);
	tail(2, 12, 13);
	assert.deepEqual(state.items, [11, 12, 13]);
	// All of it once more, as a console is told that was left behind.
	tail(2, 12, 13, 14);
	assert.deepEqual(state.items, [12, 13, 14]);
	tail(9, 19);
	assert.deepEqual(state.items, [19]);
});

test("a medium whose head is longer than the message is none", () => {
	const message = new ArrayBuffer(8);
	new DataView(message).setUint32(0, 5, true);
	assert.throws(() => decodeMedia(message), RangeError);
});
