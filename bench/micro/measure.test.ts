import assert from "node:assert/strict";
import { test } from "node:test";
import { defineCase } from "./case.ts";
import { measureCases } from "./measure.ts";

const SHORT = { roundCount: 2, secondsPerRound: 0.005 };

test("a case is set up once, timed in each round, divided among its requests and closed", async () => {
	const log: string[] = [];
	const busy = defineCase({
		name: "busy",
		budget: null,
		requestCount: 10,
		setup: () => {
			log.push("setup");
			return { untilMs: 0 };
		},
		run: (state) => {
			state.untilMs = performance.now() + 0.2;
			while (performance.now() < state.untilMs);
		},
		close: () => {
			log.push("close");
		},
	});
	const [measured] = await measureCases([busy], SHORT);
	assert.deepEqual(log, ["setup", "close"]);
	assert.equal(measured?.rounds.length, 2);
	for (const { meanUs } of measured?.rounds ?? [])
		assert.ok(meanUs >= 20, `a tenth of 200 µs at least, got ${meanUs}`);
});

test("what was set up is closed when a later case cannot be", async () => {
	const log: string[] = [];
	const fine = defineCase({
		name: "fine",
		budget: null,
		setup: () => null,
		run: () => null,
		close: () => {
			log.push("closed");
		},
	});
	const broken = defineCase({
		name: "broken",
		budget: null,
		setup: () => Promise.reject(new Error("no model")),
		run: () => null,
	});
	await assert.rejects(measureCases([fine, broken], SHORT), /no model/);
	assert.deepEqual(log, ["closed"]);
});
