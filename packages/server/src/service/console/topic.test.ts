import assert from "node:assert/strict";
import { test } from "node:test";
import { AS_BEFORE, KeyedTopic, TailTopic } from "./topic.ts";

const read = (text: string | null) => (text === null ? null : JSON.parse(text));

test("entries that came, changed and went are told, and nothing when nothing did", () => {
	const entries = new Map<string, unknown>([
		["a", { n: 1 }],
		["b", { n: 2 }],
	]);
	const topic = new KeyedTopic(() => entries);
	topic.advance();
	assert.equal(topic.advance(), null);
	entries.set("a", { n: 3 });
	entries.delete("b");
	entries.set('<img src=x onerror="alert(1)">', { n: 4 });
	assert.deepEqual(read(topic.advance()), {
		kind: "some",
		set: { a: { n: 3 }, '<img src=x onerror="alert(1)">': { n: 4 } },
		gone: ["b"],
	});
	assert.deepEqual(read(topic.snapshot()), {
		kind: "all",
		entries: { a: { n: 3 }, '<img src=x onerror="alert(1)">': { n: 4 } },
	});
});

test("an entry that is said to be as before is not written again", () => {
	let written = 0;
	const entry = {
		toJSON: () => {
			written++;
			return 7;
		},
	};
	const topic = new KeyedTopic((isKnown) => [
		["a", isKnown("a") ? AS_BEFORE : entry],
	]);
	topic.advance();
	assert.equal(topic.advance(), null);
	assert.equal(written, 1);
	assert.deepEqual(read(topic.snapshot()), { kind: "all", entries: { a: 7 } });
});

test("a tail tells what is new with its number, and the newest of it to whoever comes later", () => {
	const tail = new TailTopic<number>(3);
	assert.equal(tail.advance(), null);
	for (const item of [10, 11]) tail.push(item);
	assert.deepEqual(read(tail.advance()), {
		kind: "tail",
		from: 0,
		items: [10, 11],
		keep: 3,
	});
	assert.equal(tail.advance(), null);
	for (let item = 12; item < 40; item++) tail.push(item);
	assert.deepEqual(read(tail.snapshot()).items, [], "not told before a look");
	assert.deepEqual(read(tail.advance()), {
		kind: "tail",
		from: 27,
		items: [37, 38, 39],
		keep: 3,
	});
	assert.deepEqual(read(tail.snapshot()), {
		kind: "tail",
		from: 27,
		items: [37, 38, 39],
		keep: 3,
	});
});
