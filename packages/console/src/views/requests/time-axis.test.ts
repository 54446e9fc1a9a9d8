import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { axisEndUs } from "./time-axis.ts";

function record(startUnixUs: number, durationUs: number, deadlineUs?: number) {
	return { startUnixUs, durationUs, deadlineUs: deadlineUs ?? null };
}

describe("the axis of a waterfall", () => {
	test("ends with what ends last, of the frame or of its requests", () => {
		assert.equal(axisEndUs([record(1e15, 500)]), 500);
		assert.equal(axisEndUs([record(1e15, 500), record(1e15 + 400, 200)]), 600);
	});

	test("goes on to a deadline that is near, kept or missed", () => {
		assert.equal(axisEndUs([record(0, 500, 900)]), 900);
		assert.equal(axisEndUs([record(0, 500, 200)]), 500);
	});

	test("does not go on to a deadline far beyond all stages", () => {
		assert.equal(axisEndUs([record(0, 500, 5_000_000)]), 500);
	});

	test("has a length where there is nothing", () => {
		assert.equal(axisEndUs([]), 1);
		assert.equal(axisEndUs([record(0, 0)]), 1);
	});
});
