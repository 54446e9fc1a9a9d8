import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RunModeChooser } from "./run-mode.ts";

/** What warm-up does: off the loop first, inline if that was short. */
function calibrated(usByRows: Readonly<Record<number, number>>, maxRows = 8) {
	const chooser = new RunModeChooser("auto", maxRows);
	for (const [text, us] of Object.entries(usByRows)) {
		const rows = Number(text);
		for (let round = 0; round < 3; round++)
			chooser.record(rows, chooser.choose(rows), us);
	}
	chooser.endCalibration();
	return chooser;
}

describe("where a run happens", () => {
	test("is what the configuration says, whatever was measured", () => {
		for (const setting of ["inline", "offload"] as const) {
			const chooser = new RunModeChooser(setting, 4);
			chooser.record(1, setting, 1_000_000);
			assert.equal(chooser.choose(1), setting);
			chooser.endCalibration();
			assert.equal(chooser.choose(1), setting);
		}
	});

	test("is off the loop at first, and while nothing is known", () => {
		const chooser = new RunModeChooser("auto", 4);
		assert.equal(chooser.choose(1), "offload");
		chooser.endCalibration();
		assert.equal(chooser.choose(1), "offload");
	});

	test("is inline for runs that were measured below the bound, and only for them", () => {
		const chooser = calibrated({ 1: 10, 8: 400 });
		assert.equal(chooser.choose(1), "inline");
		assert.equal(chooser.choose(8), "offload");
		assert.equal(calibrated({ 1: 60 }).choose(1), "offload");
	});

	test("a long run is never tried inline, not even in warm-up", () => {
		const chooser = new RunModeChooser("auto", 4);
		chooser.record(1, "offload", 100_000);
		assert.equal(chooser.choose(1), "offload");
	});

	test("leaves the loop when runs become longer, and one hiccup does not do it", () => {
		const chooser = calibrated({ 1: 40 });
		chooser.record(1, "inline", 50_000);
		assert.equal(chooser.choose(1), "inline");
		for (let i = 0; i < 100; i++) chooser.record(1, "inline", 120);
		assert.equal(chooser.choose(1), "offload");
	});

	test("comes back when a size near the bound is tried again and was short", () => {
		const chooser = calibrated({ 1: 60 });
		let tried = 0;
		for (let i = 0; i < 200_000 && tried < 60; i++)
			if (chooser.choose(1) === "inline") {
				tried++;
				chooser.record(1, "inline", 20);
			}
		assert.equal(tried, 60);
		assert.equal(chooser.choose(1), "inline");
	});
});

test("sizes that were not measured lie on the line between those that were", () => {
	const chooser = calibrated({ 2: 20, 6: 40 });
	assert.equal(chooser.predictUs(4), 30);
	assert.equal(chooser.predictUs(1), 20, "no less than the smallest");
	assert.equal(chooser.predictUs(12), 80, "in proportion beyond the largest");
});

test("sizes beyond the table are reckoned, not kept", () => {
	const chooser = calibrated({ 4: 40 }, 4);
	chooser.record(1000, "inline", 1);
	assert.equal(chooser.predictUs(1000), 10_000);
});
