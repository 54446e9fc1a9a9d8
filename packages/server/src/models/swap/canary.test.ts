import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseSaccadeSettings } from "../../repository/saccade-settings.ts";
import type { CanarySide } from "../swap-events.ts";
import { CanaryRouter, canaryVerdict } from "./canary.ts";

const SETTINGS = parseSaccadeSettings(
	new Map([
		["saccade.canary.weight", "0.1"],
		["saccade.canary.seconds", "10"],
		["saccade.canary.max_seconds", "100"],
	]),
).swap.canary;

const GOOD: CanarySide = {
	requestCount: 1000,
	errorCount: 0,
	p50Ms: 1,
	p95Ms: 2,
};

function verdict(
	seconds: number,
	next: Partial<CanarySide> = {},
	old: Partial<CanarySide> = {},
) {
	return canaryVerdict(
		{
			weight: 0.1,
			durationMs: seconds * 1000,
			old: { ...GOOD, ...old },
			new: { ...GOOD, ...next },
		},
		SETTINGS,
	);
}

describe("a canary", () => {
	test("goes on until its time is over and it has answered enough", () => {
		assert.equal(verdict(9.9).kind, "go-on");
		assert.equal(verdict(50, { requestCount: 99 }).kind, "go-on");
		assert.equal(verdict(10, { requestCount: 100 }).kind, "promote");
	});

	test("that fails more than the old version is rolled back at once, by the share and not by the count", () => {
		const worse = verdict(1, { errorCount: 11 });
		assert.ok(worse.kind === "roll-back");
		assert.match(worse.because, /11 of 1000 requests .* 0 of 1000/);
		assert.equal(verdict(1, { errorCount: 10 }).kind, "go-on");
		assert.equal(
			verdict(10, { errorCount: 11 }, { errorCount: 5 }).kind,
			"promote",
		);
	});

	test("that is slower than the old version is rolled back at once", () => {
		const worse = verdict(1, { p95Ms: 3.01 });
		assert.ok(worse.kind === "roll-back");
		assert.match(worse.because, /3\.01 ms, 1\.5 times .* 2\.00 ms/);
		assert.equal(verdict(10, { p95Ms: 3 }).kind, "promote");
		const tiny = { p50Ms: 0.02, p95Ms: 0.05 };
		assert.equal(verdict(10, { p95Ms: 1 }, tiny).kind, "promote");
		assert.equal(verdict(10, { p95Ms: 1.05 }, tiny).kind, "roll-back");
	});

	test("is not judged by a handful of answers", () => {
		const few = { requestCount: 19, errorCount: 19 };
		assert.equal(verdict(1, few).kind, "go-on");
		const slow = { p95Ms: 100 };
		assert.equal(verdict(1, { ...slow, requestCount: 99 }).kind, "go-on");
		assert.equal(verdict(1, { ...slow, requestCount: 100 }).kind, "roll-back");
		assert.equal(verdict(1, slow, { requestCount: 19 }).kind, "go-on");
	});

	test("that nobody asks leaves the old version in service when its longest time is over", () => {
		assert.equal(verdict(99.9, { requestCount: 3 }).kind, "go-on");
		const over = verdict(100, { requestCount: 3 });
		assert.ok(over.kind === "roll-back");
		assert.match(
			over.because,
			/asked 3 times in 100\.0 s, and is judged by 100/,
		);
	});
});

test("a share is spread evenly over the requests, and exact in the long run", () => {
	for (const [weight, every] of [
		[1, 1],
		[0.5, 2],
		[0.25, 4],
		[0.1, 10],
		[0.01, 100],
	] as const) {
		const router = new CanaryRouter(weight);
		const taken = Array.from(
			{ length: 1000 },
			(_, i) => [i, router.takes()] as const,
		)
			.filter(([, isTaken]) => isTaken)
			.map(([i]) => i);
		assert.deepEqual(
			taken,
			Array.from({ length: 1000 / every }, (_, i) => every - 1 + i * every),
			`at ${weight}`,
		);
	}
});
