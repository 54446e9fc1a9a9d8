import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../common/manual-clock.ts";
import { ConsoleFeed, TICK_MS } from "./feed.ts";
import { KeyedTopic, TailTopic } from "./topic.ts";

const TICK_US = TICK_MS * 1000;

/** A listener that keeps what it was told. */
function listener() {
	const messages: { readonly tick: number; readonly topics: object }[] = [];
	const media: Uint8Array[] = [];
	return {
		messages,
		media,
		tell: (message: Uint8Array, isBinary: boolean) => {
			if (isBinary) media.push(message);
			else messages.push(JSON.parse(Buffer.from(message).toString()));
		},
	};
}

function feedOf(
	limits: Pick<
		ConstructorParameters<typeof ConsoleFeed>[0],
		"maxClientCount" | "maxUnseenBytes"
	> = {},
) {
	const clock = new ManualClock();
	const entries = new Map<string, unknown>([["a", 1]]);
	const tail = new TailTopic<string>(10);
	const watched: boolean[] = [];
	let looks = 0;
	const media = {
		topics: new Set<string>() as ReadonlySet<string>,
		current: null as null | { version: number; message: Uint8Array },
		watch: (topics: ReadonlySet<string>) => {
			media.topics = topics;
		},
		newest: () => media.current,
	};
	const feed = new ConsoleFeed({
		clock,
		media,
		...limits,
		topics: {
			keyed: {
				topic: new KeyedTopic(() => {
					looks++;
					return entries;
				}),
				everyTicks: 1,
				watched: (is) => watched.push(is),
			},
			slow: { topic: tail, everyTicks: 3 },
		},
	});
	return { clock, entries, tail, watched, media, feed, looks: () => looks };
}

test("nobody listening costs no timer and no look; the last one to leave ends both", () => {
	const { clock, feed, watched, looks } = feedOf();
	assert.equal(clock.pendingCount, 0);
	const one = feed.add(listener());
	assert.equal(clock.pendingCount, 0, "it wants nothing yet");
	one.want(["keyed"]);
	clock.advance(TICK_US);
	assert.equal(looks(), 1);
	one.end();
	clock.advance(5 * TICK_US);
	assert.equal(looks(), 1);
	assert.equal(clock.pendingCount, 0);
	assert.deepEqual(watched, [true, false]);
});

test("the first tick tells everything of a topic, the next ones what changed", () => {
	const { clock, feed, entries, tail } = feedOf();
	const to = listener();
	const one = feed.add(to);
	one.want(["keyed", "slow", "unknown"]);
	clock.advance(TICK_US);
	one.seen(to.messages.at(-1)!.tick);
	assert.deepEqual(to.messages[0]!.topics, {
		keyed: { kind: "all", entries: { a: 1 } },
		slow: { kind: "tail", from: 0, items: [], keep: 10 },
	});
	clock.advance(TICK_US);
	assert.equal(to.messages.length, 1, "nothing changed");
	entries.set("b", 2);
	tail.push("x");
	clock.advance(TICK_US);
	assert.deepEqual(to.messages[1]!.topics, {
		keyed: { kind: "some", set: { b: 2 }, gone: [] },
		slow: { kind: "tail", from: 0, items: ["x"], keep: 10 },
	});
});

test("whoever looks after a silence need not wait for a tick, and ticks come no faster for it", () => {
	const { clock, feed, entries } = feedOf();
	const to = listener();
	const one = feed.add(to);
	one.want(["keyed"]);
	clock.advance(5_000);
	assert.equal(to.messages.length, 1);
	one.seen(to.messages[0]!.tick);
	entries.set("b", 2);
	clock.advance(TICK_US - 1);
	assert.equal(to.messages.length, 1);
	clock.advance(1);
	assert.equal(to.messages.length, 2);
	one.end();
	const next = listener();
	feed.add(next).want(["keyed"]);
	clock.advance(TICK_US - 1);
	assert.equal(next.messages.length, 0, "the last tick was just now");
	clock.advance(1);
	assert.equal(next.messages.length, 1);
});

test("who has not seen two ticks is told nothing more, is counted, and gets everything when it has", () => {
	const { clock, feed, entries } = feedOf();
	const slow = listener();
	const fast = listener();
	const one = feed.add(slow);
	const other = feed.add(fast);
	for (const each of [one, other]) each.want(["keyed"]);
	for (let n = 2; n < 12; n++) {
		entries.set("a", n);
		clock.advance(TICK_US);
		other.seen(fast.messages.at(-1)!.tick);
	}
	assert.equal(slow.messages.length, 2);
	assert.equal(fast.messages.length, 10);
	assert.equal(feed.droppedTickCount, 8);
	one.seen(slow.messages.at(-1)!.tick);
	entries.set("a", 12);
	clock.advance(TICK_US);
	assert.deepEqual(slow.messages[2]!.topics, {
		keyed: { kind: "all", entries: { a: 12 } },
	});
	assert.deepEqual(fast.messages[10]!.topics, {
		keyed: { kind: "some", set: { a: 12 }, gone: [] },
	});
});

test("ticks that were never told are no credit", () => {
	const { clock, feed, entries } = feedOf();
	const to = listener();
	const one = feed.add(to);
	one.want(["keyed"]);
	for (let n = 0; n < 10; n++) {
		entries.set("a", 100 + n);
		clock.advance(TICK_US);
		one.seen(1e9);
	}
	assert.equal(to.messages.length, 2);
});

test("a medium is told when it is new, once, to those who follow it", () => {
	const { clock, feed, media } = feedOf();
	const [to, beside] = [listener(), listener()];
	const one = feed.add(to);
	const other = feed.add(beside);
	one.want(["media/s1/camera"]);
	other.want(["media/s2/camera", "keyed"]);
	assert.deepEqual([...media.topics].sort(), [
		"media/s1/camera",
		"media/s2/camera",
	]);
	clock.advance(TICK_US);
	assert.equal(to.media.length, 0);
	media.current = { version: 1, message: Uint8Array.of(1) };
	clock.advance(TICK_US);
	clock.advance(TICK_US);
	assert.deepEqual(to.media, [Uint8Array.of(1)]);
	one.end();
	assert.deepEqual([...media.topics], ["media/s2/camera"]);
	other.end();
	assert.deepEqual([...media.topics], []);
});

test("beyond the limit a console is refused with the number, and room is there when one leaves", () => {
	const { feed } = feedOf({ maxClientCount: 2 });
	const first = feed.add(listener());
	feed.add(listener());
	assert.throws(() => feed.add(listener()), {
		code: "UNAVAILABLE",
		message: "2 consoles are open, which is the limit; close some",
	});
	first.end();
	first.end();
	feed.add(listener());
	assert.equal(feed.clientCount, 2);
});

test("what consoles have not seen is bounded in bytes, whoever holds it, and given back when one leaves", () => {
	const { clock, feed, entries } = feedOf({ maxUnseenBytes: 1000 });
	entries.set("a", "x".repeat(1200));
	const mute = feed.add(listener());
	mute.want(["keyed"]);
	clock.advance(TICK_US);
	const to = listener();
	const other = feed.add(to);
	other.want(["keyed"]);
	entries.set("b", 1);
	clock.advance(TICK_US);
	assert.equal(to.messages.length, 0);
	mute.end();
	entries.set("b", 2);
	clock.advance(TICK_US);
	assert.equal(to.messages.length, 1);
});

test("whoever wants the same is told with the same bytes", () => {
	const { clock, feed } = feedOf();
	const told: Uint8Array[] = [];
	for (const topics of [
		["keyed", "slow"],
		["slow", "keyed"],
	])
		feed.add({ tell: (message) => told.push(message) }).want(topics);
	clock.advance(TICK_US);
	assert.equal(told.length, 2);
	assert.equal(told[0], told[1]);
});

test("a list of too many topics is refused", () => {
	const { feed } = feedOf();
	const one = feed.add(listener());
	const many = Array.from({ length: 65 }, (_, i) => `t${i}`);
	assert.throws(() => one.want(many), { code: "INVALID_ARGUMENT" });
});

test("a thousand consoles are told in slices, and a tick waits for the one before", async () => {
	const { clock, feed, entries, looks } = feedOf();
	const listeners = Array.from({ length: 1000 }, () => listener());
	for (const to of listeners) feed.add(to).want(["keyed"]);
	clock.advance(TICK_US);
	const told = () => listeners.filter((to) => to.messages.length > 0).length;
	assert.equal(told(), 50, "one slice in this turn");
	entries.set("a", 2);
	clock.advance(TICK_US);
	assert.equal(looks(), 1);
	while (told() < 1000) await new Promise(setImmediate);
	clock.advance(TICK_US);
	assert.equal(looks(), 2);
	feed.close();
});
