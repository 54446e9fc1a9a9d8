import assert from "node:assert/strict";
import { test } from "node:test";
import { DEVICE_ALONE } from "./device-outlook.ts";
import { SharedRuns } from "./shared-runs.ts";

function setUp(mayStart = true) {
	const log: string[] = [];
	const runs = new SharedRuns(
		{
			...DEVICE_ALONE,
			tryStart: (dueUs, predictedUs, nowUs, layout) => {
				log.push(`may ${predictedUs} due ${dueUs} at ${nowUs} on ${layout}?`);
				return mayStart;
			},
			finished: (predictedUs, tookUs, layout) =>
				log.push(`${tookUs} in place of ${predictedUs} on ${layout}`),
			settle: () => log.push("settle"),
			setWeight: () => {},
			close: () => log.push("close"),
		},
		2,
	);
	return { runs, log };
}

test("each run is charged what it took beyond what it was predicted, where it ran", () => {
	const { runs, log } = setUp();
	assert.equal(runs.tryStart(900, 40, 100, 0), true);
	runs.started(0, 40, 100, 0);
	runs.tryStart(950, 70, 110, 1);
	runs.started(1, 70, 110, 1);
	runs.ended(1, 200);
	runs.ended(0, 250);
	runs.settle();
	assert.deepEqual(log, [
		"may 40 due 900 at 100 on 0?",
		"may 70 due 950 at 110 on 1?",
		"90 in place of 70 on 1",
		"150 in place of 40 on 0",
		"settle",
	]);
});

test("a run that did not start after all took no time", () => {
	const { runs, log } = setUp();
	runs.tryStart(900, 40, 100, 1);
	runs.notStarted(40, 1);
	assert.deepEqual(log.slice(1), ["0 in place of 40 on 1"]);
});

test("nobody is asked about a device that is one's own", () => {
	const runs = new SharedRuns(null, 1);
	assert.equal(runs.tryStart(900, 40, 100, 0), true);
	runs.started(0, 40, 100, 0);
	runs.ended(0, 200);
	runs.settle();
	runs.close();
});

test("a run may have to wait for its turn", () => {
	assert.equal(setUp(false).runs.tryStart(900, 40, 100, 0), false);
});
