import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../common/clock.ts";
import { resolveQos } from "../streams/qos.ts";
import type { FrameResult } from "./pipeline.ts";
import { createScalarPipeline } from "./scalar-pipeline.ts";
import { contextOf, frameOf } from "./testing/frames.ts";

const opening = { qos: resolveQos({}), sensors: [], transforms: [] };

test("a reading within its limits is kept", () => {
	const processor = createScalarPipeline({
		rules: [
			{ of: "value", atLeast: 90, action: "stop", reason: "too-hot" },
			{ of: "value", atMost: 2, action: "brake", reason: "too-near" },
		],
	}).open(opening, systemClock);
	const decide = (value: number) => {
		const { decision } = processor.process(
			frameOf({ value }),
			contextOf(),
		) as FrameResult;
		return [decision?.action, decision?.reasons[0]];
	};
	assert.deepEqual(decide(50), ["keep", "within-limits"]);
	assert.deepEqual(decide(90), ["stop", "too-hot"]);
	assert.deepEqual(decide(2), ["brake", "too-near"]);
});

test("a rule on the rate sees the change per second of each device by itself", () => {
	const processor = createScalarPipeline({
		rules: [{ of: "rate", atLeast: 10, action: "slow", reason: "rising" }],
	}).open(opening, systemClock);
	const decide = (deviceId: string, value: number, measuredUs: number) =>
		(
			processor.process(
				frameOf({ deviceId, value, measuredUs }),
				contextOf(),
			) as FrameResult
		).decision?.action;
	assert.equal(decide("a", 0, 0), "keep");
	assert.equal(decide("b", 100, 100_000), "keep");
	assert.equal(decide("a", 0.5, 100_000), "keep");
	assert.equal(decide("a", 2, 200_000), "slow");
	assert.equal(decide("b", 100, 200_000), "keep");
	assert.equal(decide("a", 50, 150_000), "keep", "an older frame has no rate");
});

test("a reading that is no number is refused", () => {
	const processor = createScalarPipeline().open(opening, systemClock);
	for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
		assert.throws(() => processor.process(frameOf({ value }), contextOf()), {
			code: "INVALID_ARGUMENT",
		});
});
