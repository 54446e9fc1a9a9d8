import assert from "node:assert/strict";
import { test } from "node:test";
import type { DropPolicy } from "../pipelines/qos-profile.ts";
import { FrameQueue, type Waiting } from "./frame-queue.ts";

interface Item extends Waiting {
	readonly name: string;
}

const item = (name: string, isInterrupt = false): Item => ({
	name,
	deviceId: name.slice(0, 1),
	isInterrupt,
});

/** Pushes in order; returns what went, and what is left. */
function push(
	queue: FrameQueue<Item>,
	...names: string[]
): { dropped: string[]; left: string[] } {
	const dropped: string[] = [];
	for (const name of names) {
		const drop = queue.push(item(name, name.endsWith("!")));
		if (drop !== null) dropped.push(`${drop.item.name} ${drop.reason}`);
	}
	return { dropped, left: queue.takeAll().map(({ name }) => name) };
}

const queueOf = (dropPolicy: DropPolicy, depth: number) =>
	new FrameQueue<Item>({ dropPolicy, depth });

test("keep-last: the newest of each device takes the place of its oldest", () => {
	assert.deepEqual(
		push(queueOf("keep-last", 1), "a1", "b1", "a2", "c1", "b2", "a3"),
		{
			dropped: ["a1 newer-frame", "b1 newer-frame", "a2 newer-frame"],
			left: ["a3", "b2", "c1"],
		},
	);
});

test("keep-last(n): the newest n of each device wait in their order", () => {
	assert.deepEqual(
		push(queueOf("keep-last", 2), "a1", "b1", "a2", "a3", "a4"),
		{
			dropped: ["a1 newer-frame", "a2 newer-frame"],
			left: ["a3", "b1", "a4"],
		},
	);
});

test("drop-oldest: the oldest of the stream goes", () => {
	assert.deepEqual(push(queueOf("drop-oldest", 2), "a1", "b1", "a2", "b2"), {
		dropped: ["a1 queue-full", "b1 queue-full"],
		left: ["a2", "b2"],
	});
});

test("drop-latest: the one that comes goes", () => {
	assert.deepEqual(push(queueOf("drop-latest", 2), "a1", "b1", "a2", "b2"), {
		dropped: ["a2 queue-full", "b2 queue-full"],
		left: ["a1", "b1"],
	});
});

test("block: what comes beyond its credit goes, and says so", () => {
	const queue = queueOf("block", 2);
	assert.equal(queue.room, 2);
	queue.push(item("a1"));
	assert.equal(queue.room, 1);
	assert.deepEqual(push(queue, "a2", "a3"), {
		dropped: ["a3 no-credit"],
		left: ["a1", "a2"],
	});
});

test("interrupts go before everything, in their own order, and are not dropped for others", () => {
	assert.deepEqual(
		push(queueOf("drop-oldest", 3), "a1", "b!", "a2", "c!", "a3", "a4"),
		{
			dropped: ["a1 queue-full", "a2 queue-full"],
			left: ["b!", "c!", "a3", "a4"].slice(0, 4),
		},
	);
	const many = Array.from({ length: 101 }, (_, i) => `x${i}!`);
	assert.deepEqual(push(queueOf("keep-last", 1), ...many).dropped, [
		"x100! queue-full",
	]);
});

test("never more than 100 wait, however many devices there are", () => {
	for (const policy of [
		"keep-last",
		"drop-oldest",
		"drop-latest",
		"block",
	] as const) {
		const queue = queueOf(policy, policy === "keep-last" ? 1 : 100);
		for (let i = 0; i < 300; i++)
			queue.push({ name: `${i}`, deviceId: `${i}`, isInterrupt: false });
		assert.equal(queue.length, 100, policy);
	}
});

test("another rule judges what waits as if it came again", () => {
	const queue = queueOf("drop-latest", 100);
	for (const name of ["a1", "a2", "b1", "a3"]) queue.push(item(name));
	const dropped = queue.setRule({ dropPolicy: "keep-last", depth: 1 });
	assert.deepEqual(
		dropped.map(({ item: { name }, reason }) => `${name} ${reason}`),
		["a1 newer-frame", "a2 newer-frame"],
	);
	assert.deepEqual(
		queue.takeAll().map(({ name }) => name),
		["a3", "b1"],
	);
});
