import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoadWindow } from "../load/measure.ts";
import { casesFor } from "./cases.ts";
import { summarise } from "./summary.ts";

const window = (perSecond: number, serverCpuUs: number): LoadWindow => ({
	perSecond,
	answered: perSecond,
	clientCores: 0.5,
	serverCpuUs,
	serverSystemUs: 1,
});

const [small] = casesFor(/^300B$/, true);

test("ratios are taken round by round, and a target is met by the whole interval only", () => {
	assert.ok(small !== undefined);
	const [reused, events] = summarise(small, {
		"reused-buffer": [window(600, 2), window(490, 2)],
		"data-events": [window(300, 9), window(250, 9)],
		"node-http2": [window(100, 20), window(100, 20)],
	});
	assert.deepEqual(reused?.rateRatio, { median: 5.45, low: 4.9, high: 6 });
	assert.equal(reused?.rateMet, false);
	assert.equal(reused?.cpuMet, true);
	assert.equal(events?.rateMet, true);
	assert.equal(events?.cpuMet, null);
});

test("without h2load every size is loaded by the own client", () => {
	const cases = casesFor(/./, false);
	assert.ok(cases.every(({ client }) => client === "own"));
	const sizes = new Set(cases.map(({ inputShape }) => inputShape.join()));
	assert.equal(sizes.size, 3);
});
