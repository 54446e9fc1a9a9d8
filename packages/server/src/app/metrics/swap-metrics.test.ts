import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Swap, SwapEvent, SwapOutcome } from "../../models/swap-events.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import { MetricsRegistry } from "../../telemetry/registry.ts";
import { SwapMetrics } from "./swap-metrics.ts";

const FAILED: SwapOutcome = {
	kind: "failed",
	to: [],
	failure: { phase: "warming", code: "LOAD_FAILED", text: "", advice: "" },
};
const SWITCHED: SwapOutcome = { kind: "switched", to: [], switchUs: 250 };

function world() {
	const registry = new MetricsRegistry();
	const metrics = new SwapMetrics(registry, (model) => model === "resnet");
	const swap = (model: string): Swap => ({
		id: 1,
		model,
		action: "load",
		cause: "api",
		by: "",
		from: [],
	});
	const end = (outcome: SwapOutcome, model = "resnet") =>
		metrics.listener({
			kind: "ended",
			swap: swap(model),
			atUs: 0,
			outcome,
			phases: [
				{ phase: "loading", durationUs: 50_000 },
				{ phase: "warming", durationUs: 10_000 },
			],
			totalUs: 60_000,
		});
	return {
		metrics,
		end,
		tell: (event: SwapEvent) => metrics.listener(event),
		swap,
		count: (outcome: string, model = "resnet") =>
			registry.counter(INSTRUMENTS.swaps, [model, outcome]).value,
		failed: (model = "resnet") =>
			registry.counter(INSTRUMENTS.swapFailed, [model]).value,
		histogram: (name: keyof typeof INSTRUMENTS, ...labels: string[]) =>
			registry.histogram(INSTRUMENTS[name], labels),
	};
}

describe("metrics of swaps", () => {
	test("a failed swap raises the alarm, and the next that is no failure ends it", () => {
		const { end, count, failed } = world();
		end(FAILED);
		assert.deepEqual([failed(), count("failed"), count("switched")], [1, 1, 0]);
		end(SWITCHED);
		assert.deepEqual([failed(), count("failed"), count("switched")], [0, 1, 1]);
		end(FAILED);
		end({ kind: "unloaded" });
		assert.deepEqual([failed(), count("failed"), count("unloaded")], [0, 2, 1]);
	});

	test("phases, the switch and the end of what was replaced have their durations", () => {
		const { end, tell, swap, histogram } = world();
		end(SWITCHED);
		tell({
			kind: "released",
			swap: swap("resnet"),
			atUs: 0,
			version: { version: 1, digest: null },
			drainUs: 30_000,
		});
		assert.equal(histogram("swapPhase", "loading").sum, 0.05);
		assert.equal(histogram("swapPhase", "warming").count, 1);
		assert.equal(histogram("swapPhase", "canary").count, 0);
		assert.equal(histogram("swapSwitch").sum, 0.00025);
		assert.equal(histogram("swapDrain").sum, 0.03);
	});

	test("models that there are not share a name, and raise no alarm", () => {
		const { end, count, failed } = world();
		for (const model of ["invented", "../etc", 'a"b']) end(FAILED, model);
		assert.deepEqual([count("failed", "other"), failed("other")], [3, 0]);
	});
});
