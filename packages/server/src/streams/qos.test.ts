import assert from "node:assert/strict";
import { test } from "node:test";
import { incompatibilities, resolveQos } from "./qos.ts";

const policiesOf = (...args: Parameters<typeof incompatibilities>) =>
	incompatibilities(...args).map(({ policy }) => policy);

test("by default one frame runs and the newest waits", () => {
	const profile = resolveQos({});
	assert.equal(profile.dropPolicy, "keep-last");
	assert.equal(profile.depth, 1);
	assert.equal(profile.maxInFlightCount, 1);
});

test("the other drop policies act beyond 100 waiting frames unless told otherwise", () => {
	for (const dropPolicy of ["drop-oldest", "drop-latest", "block"] as const) {
		assert.equal(resolveQos({ dropPolicy }).depth, 100);
		assert.equal(resolveQos({ dropPolicy, depth: 7 }).depth, 7);
	}
});

test("a profile that contradicts itself is refused with what to change", () => {
	const refused = [
		[{ depth: 0 }, /depth must be 1 to 100, got 0/],
		[{ depth: 101 }, /depth must be 1 to 100, got 101/],
		[{ depth: 1.5 }, /depth/],
		[{ maxInFlightCount: 17 }, /max_in_flight must be 1 to 16/],
		[{ deadlineUs: -1 }, /deadline must be > 0/],
		[{ lifespanUs: Number.NaN }, /lifespan/],
		[{ latencyBudgetUs: 0 }, /latency_budget/],
		[
			{ dropPolicy: "block", reliability: "best-effort" },
			/BLOCK loses nothing/,
		],
	] as const;
	for (const [offer, message] of refused)
		assert.throws(() => resolveQos(offer), {
			code: "INVALID_ARGUMENT",
			message,
		});
});

// https://docs.ros.org/en/jazzy/Concepts/Intermediate/About-Quality-of-Service-Settings.html#qos-compatibilities
test("offers that ROS 2 calls incompatible are named, and no others", () => {
	const weak = resolveQos({ reliability: "best-effort" });
	const strong = resolveQos({
		liveliness: "manual-by-topic",
		deadlineUs: 100,
		livelinessLeaseUs: 100,
	});
	assert.deepEqual(policiesOf(weak, { reliability: "reliable" }), [
		"reliability",
	]);
	assert.deepEqual(policiesOf(weak, { reliability: "best-effort" }), []);
	assert.deepEqual(policiesOf(strong, { reliability: "best-effort" }), []);
	assert.deepEqual(policiesOf(weak, { liveliness: "manual-by-topic" }), [
		"liveliness",
	]);
	assert.deepEqual(policiesOf(strong, { liveliness: "automatic" }), []);
	assert.deepEqual(policiesOf(weak, { deadlineUs: 1e9 }), ["deadline"]);
	assert.deepEqual(policiesOf(strong, { deadlineUs: 99 }), ["deadline"]);
	assert.deepEqual(policiesOf(strong, { deadlineUs: 100 }), []);
	assert.deepEqual(policiesOf(weak, { livelinessLeaseUs: 1e9 }), ["lease"]);
	assert.deepEqual(policiesOf(strong, { livelinessLeaseUs: 100 }), []);
});

test("an incompatibility says what was offered, what is needed and why", () => {
	const [found] = incompatibilities(resolveQos({ deadlineUs: 200_000 }), {
		deadlineUs: 100_000,
	});
	assert.deepEqual(found, {
		policy: "deadline",
		offered: "200 ms",
		requested: "100 ms",
		reason:
			"the pipeline needs a frame at least every 100 ms; offer that or less",
	});
});
