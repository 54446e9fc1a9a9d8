import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../../common/manual-clock.ts";
import type { ModelVersion } from "../model-version.ts";
import { makeReadyModel } from "../testing/fake-model.ts";
import { MAX_SEQUENCES, SequencePins } from "./sequence-pins.ts";

/** `saccade.swap.sequence_idle_s`, by default. */
const IDLE_US = 10_000_000;
const GO_ON = { start: false, end: false };
const START = { start: true, end: false };
const END = { start: false, end: true };

async function setUp() {
	const clock = new ManualClock();
	const pins = new SequencePins(clock);
	const one = (await makeReadyModel()).model;
	const two = (await makeReadyModel({ version: 2 })).model;
	let current: ModelVersion = one;
	const route = (key: string, flags = GO_ON) =>
		pins.route(key, flags, () => current).version;
	const swap = () => {
		current = two;
	};
	return { clock, pins, one, two, route, swap };
}

/** Whether the promise is settled, after every callback that is due. */
async function isDone(promise: Promise<void>): Promise<boolean> {
	let done = false;
	void promise.then(() => {
		done = true;
	});
	await new Promise(setImmediate);
	return done;
}

describe("a sequence", () => {
	test("stays on the version that it began on, to its end", async () => {
		const { route, swap } = await setUp();
		assert.equal(route("a", START), 1);
		swap();
		assert.equal(route("b", START), 2, "a new one begins on the new version");
		assert.equal(route("a"), 1);
		assert.equal(route("a", END), 1, "the last request, too");
		assert.equal(route("a"), 2, "it has ended");
	});

	test("begins anew when its start is said again, or when it was silent for too long", async () => {
		const { route, swap, clock } = await setUp();
		route("a", START);
		route("b", START);
		swap();
		assert.equal(route("a", START), 2);
		clock.advance(IDLE_US - 1);
		assert.equal(route("b"), 1);
		clock.advance(IDLE_US);
		assert.equal(route("b"), 2);
	});

	test("is forgotten for the newest when there are too many", async () => {
		const { route, swap, pins } = await setUp();
		for (let i = 0; i <= MAX_SEQUENCES; i++) route(`s${i}`, START);
		assert.equal(pins.count, MAX_SEQUENCES);
		swap();
		assert.equal(route("s1"), 1);
		assert.equal(route("s0"), 2);
	});
});

describe("a version that leaves", () => {
	test("is held by its sequences until the last has ended", async () => {
		const { route, swap, pins, one } = await setUp();
		route("a", START);
		route("b", START);
		swap();
		const ended = pins.ended(one);
		route("a", END);
		assert.equal(await isDone(ended), false);
		route("b", END);
		assert.equal(await isDone(ended), true);
	});

	test("is let go when the last is silent for too long, by a timer", async () => {
		const { route, swap, pins, one, clock } = await setUp();
		route("a", START);
		swap();
		const ended = pins.ended(one);
		clock.advance(IDLE_US - 1);
		route("a");
		clock.advance(IDLE_US - 1);
		assert.equal(await isDone(ended), false, "each request counts");
		clock.advance(1);
		assert.equal(await isDone(ended), true);
		assert.equal(clock.pendingCount, 0);
		assert.equal(pins.count, 0);
	});

	test("is let go at once when there are none, or all are to be forgotten", async () => {
		const { route, pins, one, two, clock } = await setUp();
		assert.equal(await isDone(pins.ended(two)), true);
		route("a", START);
		const ended = pins.ended(one);
		pins.clear();
		assert.equal(await isDone(ended), true);
		assert.equal(clock.pendingCount, 0);
	});
});
