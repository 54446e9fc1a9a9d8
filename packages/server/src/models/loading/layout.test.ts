import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "../../common/clock.ts";
import { emptyConfig, resolveConfig } from "../../repository/resolve-config.ts";
import { FakeRuntime } from "../../runtime/fake/fake-runtime.ts";
import { firstLayout, type Layout, tryLayout } from "./layout.ts";

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

const CORES = 4;

async function tried(
	curveMs: Readonly<Record<string, number>>,
	width = 4,
): Promise<Layout> {
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
		const first = firstLayout(CORES, NOTHING, true);
		return await tryLayout(session, config, CORES, first);
	} finally {
		session.close();
		runtime.close();
	}
}

describe("trying", () => {
	const together = { threadCount: CORES, laneCount: 1 };

	test("gives all cores to batches of eight that take little longer than one row", async () => {
		assert.deepEqual(await tried({ 1: 20, 8: 22 }), together);
	});

	test("keeps lanes side by side where each row takes its time", async () => {
		assert.deepEqual(await tried({ 1: 10, 8: 80 }), {
			threadCount: 2,
			laneCount: 3,
		});
	});

	test("is not done with unknown shapes: one run gets all cores", async () => {
		assert.deepEqual(await tried({ 1: 10, 8: 80 }, -1), together);
	});
});
