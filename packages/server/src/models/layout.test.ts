import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "../common/clock.ts";
import { emptyConfig, resolveConfig } from "../repository/resolve-config.ts";
import { FakeRuntime } from "../runtime/fake/fake-runtime.ts";
import { batchesPay, firstLayout } from "./layout.ts";

const NOTHING = { laneCount: 0, threadCount: 0 };

describe("a layout", () => {
	for (const [cores, threads, lanes] of [
		[1, 1, 1],
		[2, 1, 2],
		[4, 2, 2],
		[8, 2, 4],
		[16, 4, 4],
		[64, 8, 8],
	] as const)
		test(`of ${cores} cores is ${lanes} lanes of ${threads} threads, and one lane more to gather in`, () => {
			const layout = { threadCount: threads, laneCount: lanes };
			assert.deepEqual(firstLayout(cores, NOTHING, false), layout);
			assert.deepEqual(firstLayout(cores, NOTHING, true), {
				...layout,
				laneCount: lanes + 1,
			});
		});

	test("that is stated is kept, and what is not stated fills the cores", () => {
		assert.deepEqual(firstLayout(8, { laneCount: 2, threadCount: 0 }, true), {
			laneCount: 2,
			threadCount: 4,
		});
		assert.deepEqual(firstLayout(8, { laneCount: 0, threadCount: 4 }, false), {
			laneCount: 2,
			threadCount: 4,
		});
		assert.deepEqual(firstLayout(8, { laneCount: 3, threadCount: 7 }, true), {
			laneCount: 3,
			threadCount: 7,
		});
	});
});

async function pays(
	curveMs: Readonly<Record<string, number>>,
	width = 4,
): Promise<boolean | null> {
	const runtime = new FakeRuntime(systemClock);
	const tensor = { dtype: "FP32", shape: [-1, width] };
	const model = {
		inputs: [{ name: "in", ...tensor }],
		outputs: [{ name: "out", ...tensor }],
		curveMs,
	};
	const bytes = Buffer.from(JSON.stringify(model));
	const session = await runtime.load({ kind: "bytes", bytes }, {});
	const config = resolveConfig(emptyConfig(), session, {
		name: "m",
		autoComplete: true,
		defaultMaxBatchSize: 8,
		defaultInstanceCount: 1,
	});
	try {
		return await batchesPay(session, config);
	} finally {
		session.close();
		runtime.close();
	}
}

describe("batches", () => {
	test("pay where eight rows take little longer than one", async () => {
		assert.equal(await pays({ 1: 20, 8: 22 }), true);
	});

	test("do not where each row takes its time", async () => {
		assert.equal(await pays({ 1: 10, 8: 80 }), false);
	});

	test("of unknown shapes are not tried", async () => {
		assert.equal(await pays({ 1: 20, 8: 22 }, -1), null);
	});
});
