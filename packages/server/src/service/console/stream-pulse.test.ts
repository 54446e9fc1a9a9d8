import assert from "node:assert/strict";
import { test } from "node:test";
import { OUTCOMES } from "@saccade/protocol";
import type { FrameBin } from "@saccade/protocol/console";
import type { FrameOutcome, SensorStream } from "../../streams/stream.ts";
import { StreamPulse } from "./stream-pulse.ts";
import { KeyedTopic } from "./topic.ts";

const DECISION = {
	action: "keep",
	reasons: ["clear"],
	validForUs: 300_000,
	targets: [],
};

function streamOf(pipelineName: string, id = "s1"): SensorStream {
	return { id, pipelineName } as SensorStream;
}

function frameAt(
	second: number,
	more: Partial<FrameOutcome> = {},
): FrameOutcome {
	const finishedUs = second * 1e6 + 1000;
	return {
		timestampNs: 0n,
		deviceId: "lidar",
		frameId: "lidar",
		sequence: 1,
		tag: null,
		outcome: "RESULT",
		reason: null,
		detail: "",
		result: { decision: DECISION, outputs: [], stages: [] },
		payload: null,
		measuredUs: finishedUs - 20_000,
		receivedUs: finishedUs - 15_000,
		startedUs: finishedUs - 14_000,
		finishedUs,
		deadlineUs: finishedUs + 80_000,
		inputs: [],
		...more,
	};
}

function binsOf(pulse: StreamPulse, nowS: number): FrameBin[] {
	return [...pulse.bins(nowS * 1e6, () => false)].map(
		([, bin]) => bin as FrameBin,
	);
}

test("frames are counted by the second and pipeline in which they ended, with age and slack", () => {
	const pulse = new StreamPulse();
	pulse.frameEnded(streamOf("lidar"), frameAt(10));
	pulse.frameEnded(
		streamOf("lidar"),
		frameAt(10, {
			outcome: "EXPIRED",
			reason: "deadline-passed",
			result: null,
			deadlineUs: 10e6 - 4000,
		}),
	);
	pulse.frameEnded(streamOf("camera"), frameAt(11));
	const [first, second] = binsOf(pulse, 12);
	assert.deepEqual(first, {
		second: 10,
		pipeline: "lidar",
		outcomes: OUTCOMES.map((one) =>
			one === "RESULT" || one === "EXPIRED" ? 1 : 0,
		),
		ageMs: { p1: 20, p50: 20, p99: 20 },
		slackMs: { p1: -5, p50: -5, p99: 80 },
	});
	assert.equal(second?.pipeline, "camera");
	const [, lidar] = [...pulse.pipelines()][0]!;
	assert.deepEqual(lidar.reasons, { "deadline-passed": 1 });
});

test("readings that are only taken in count as frames and have no age", () => {
	const pulse = new StreamPulse();
	const result = { decision: null, outputs: [], stages: [] };
	pulse.frameEnded(streamOf("lidar"), frameAt(1, { result }));
	const [bin] = binsOf(pulse, 2);
	assert.deepEqual([bin?.ageMs, bin?.slackMs], [null, null]);
	assert.equal(bin?.outcomes[0], 1);
});

test("five minutes are kept, and a second that is over is told once", () => {
	const pulse = new StreamPulse();
	let nowS = 0;
	const topic = new KeyedTopic((isKnown) => pulse.bins(nowS * 1e6, isKnown));
	const told = new Map<string, number>();
	for (; nowS < 700; nowS++) {
		pulse.frameEnded(streamOf("lidar"), frameAt(nowS));
		const change = JSON.parse(topic.advance() ?? "{}");
		for (const key of Object.keys(change.set ?? {}))
			told.set(key, (told.get(key) ?? 0) + 1);
	}
	nowS--;
	const bins = binsOf(pulse, nowS);
	assert.equal(bins.length, 300);
	assert.equal(Math.min(...bins.map(({ second }) => second)), 400);
	// Each came, and changed no more when the next one began.
	assert.deepEqual([...new Set(told.values())], [1]);
});

test("a decision is told when it differs from the one before on its stream", () => {
	const pulse = new StreamPulse();
	const decide = (stream: string, action: string, second: number) =>
		pulse.frameEnded(
			streamOf("lidar", stream),
			frameAt(second, {
				result: {
					decision: { ...DECISION, action },
					outputs: [],
					stages: [],
				},
			}),
		);
	for (const [second, action] of ["keep", "keep", "brake", "keep"].entries())
		decide("s1", action, second);
	decide("s2", "keep", 4);
	const { items } = JSON.parse(pulse.decisions.advance() ?? "");
	assert.deepEqual(
		items.map(({ stream, action }: { stream: string; action: string }) => [
			stream,
			action,
		]),
		[
			["s1", "keep"],
			["s1", "brake"],
			["s1", "keep"],
			["s2", "keep"],
		],
	);
});

test("pipelines beyond the limit leave the memory as it is", () => {
	const pulse = new StreamPulse();
	for (let i = 0; i < 200; i++)
		pulse.frameEnded(streamOf(`model:m${i}`), frameAt(1));
	assert.equal([...pulse.pipelines()].length, 50);
});
