import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../../common/manual-clock.ts";
import type { FrameResult } from "../../pipelines/pipeline.ts";
import type { FrameOutcome, SensorStream } from "../../streams/stream.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import { MetricsRegistry } from "../../telemetry/registry.ts";
import { StreamMetrics } from "./stream-metrics.ts";

const DECISION: FrameResult = {
	decision: { action: "keep", reasons: [], validForUs: 1e6, targets: [] },
	outputs: [],
	stages: [
		{ name: "model", beginUs: 13_000, endUs: 33_000 },
		{ name: "decide", beginUs: 33_000, endUs: 34_000 },
	],
};
/** Of a reading that is only taken in. */
const TAKEN: FrameResult = { decision: null, outputs: [], stages: [] };

function frame(more: Partial<FrameOutcome>): FrameOutcome {
	return {
		timestampNs: 0n,
		deviceId: "lidar",
		frameId: "lidar",
		sequence: 0,
		tag: null,
		outcome: "RESULT",
		reason: null,
		detail: "",
		result: DECISION,
		measuredUs: 0,
		receivedUs: 10_000,
		startedUs: 12_000,
		finishedUs: 35_000,
		deadlineUs: 100_000,
		inputs: [],
		payload: null,
		...more,
	};
}

function world() {
	const registry = new MetricsRegistry();
	const clock = new ManualClock();
	// Of a stream, metrics look at its pipeline alone.
	const stream = () => ({ pipelineName: "lidar" }) as SensorStream;
	const open: SensorStream[] = [];
	const metrics = new StreamMetrics({
		registry,
		clock,
		sources: ["lidar"],
		openStreams: () => open,
	});
	const histogram = (name: keyof typeof INSTRUMENTS, ...labels: string[]) =>
		registry.histogram(INSTRUMENTS[name], ["lidar", ...labels]);
	const value = (name: keyof typeof INSTRUMENTS, ...labels: string[]) =>
		registry.counter(INSTRUMENTS[name], ["lidar", ...labels]).value;
	const collect = () => {
		for (const collector of registry.collectors()) collector();
	};
	return { clock, stream, open, metrics, histogram, value, collect };
}

describe("metrics of streams", () => {
	test("say where a frame's time went, and which share of its budget that was", () => {
		const { stream, metrics, histogram } = world();
		metrics.frameEnded(stream(), frame({}));
		const spent = (stage: string) => histogram("frameStage", stage).sum;
		assert.equal(spent("receive"), 0.01);
		assert.equal(spent("queue"), 0.002);
		assert.equal(spent("model"), 0.02);
		assert.equal(spent("decide"), 0.001);
		const share = (stage: string) => histogram("frameBudget", stage).sum;
		assert.equal(share("receive"), 0.1);
		assert.equal(share("model"), 0.2);
		assert.equal(share("all"), 0.35);
	});

	test("know no share of a budget that there is not, and no time before the measurement", () => {
		const { stream, metrics, histogram } = world();
		const deadlineUs = Number.POSITIVE_INFINITY;
		metrics.frameEnded(stream(), frame({ deadlineUs, receivedUs: -5 }));
		assert.equal(histogram("frameBudget", "all").count, 0);
		assert.equal(histogram("frameStage", "receive").sum, 0);
		assert.equal(histogram("frameStage", "receive").count, 1);
	});

	test("count why frames were dropped", () => {
		const { stream, metrics, value } = world();
		const dropped = { result: null, startedUs: Number.NaN };
		metrics.frameEnded(
			stream(),
			frame({ ...dropped, outcome: "SUPERSEDED", reason: "newer-frame" }),
		);
		metrics.frameEnded(
			stream(),
			frame({ ...dropped, outcome: "EXPIRED", reason: "deadline-passed" }),
		);
		assert.equal(value("frameDrops", "newer-frame"), 1);
		assert.equal(value("frameDrops", "deadline-passed"), 1);
		assert.equal(value("frameOutcomes", "EXPIRED"), 1);
		assert.equal(value("frameOutcomes", "RESULT"), 0);
	});

	test("age of information grows until a newer result comes, and is that of the worst stream", () => {
		const { clock, stream, open, metrics, histogram, value, collect } = world();
		const [one, other] = [stream(), stream()];
		open.push(one, other);
		collect();
		assert.equal(value("informationAge"), 0);
		assert.equal(value("openStreams"), 2);
		metrics.frameEnded(one, frame({ measuredUs: 0, finishedUs: 30_000 }));
		metrics.frameEnded(other, frame({ measuredUs: 90_000 }));
		clock.advance(100_000);
		collect();
		assert.equal(value("informationAge"), 0.1);
		metrics.frameEnded(one, frame({ measuredUs: 80_000, finishedUs: 100_000 }));
		collect();
		assert.equal(value("informationAge"), 0.02);
		// Just before it came, the newest information was 100 ms old.
		assert.equal(histogram("informationPeakAge").count, 1);
		assert.equal(histogram("informationPeakAge").sum, 0.1);
		open.length = 0;
		collect();
		assert.deepEqual([value("informationAge"), value("openStreams")], [0, 0]);
	});

	test("readings that are only taken in, and results of older ones, are no news", () => {
		const { clock, stream, open, metrics, histogram, value, collect } = world();
		const one = stream();
		open.push(one);
		metrics.frameEnded(one, frame({ measuredUs: 50_000 }));
		metrics.frameEnded(one, frame({ measuredUs: 90_000, result: TAKEN }));
		metrics.frameEnded(one, frame({ measuredUs: 40_000 }));
		clock.advance(100_000);
		collect();
		assert.equal(value("informationAge"), 0.05);
		assert.equal(histogram("informationPeakAge").count, 0);
		assert.equal(histogram("frameStage", "queue").count, 2);
	});
});
