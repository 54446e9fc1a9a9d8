import assert from "node:assert/strict";
import { test } from "node:test";
import type { FrameOutcome } from "@saccade/client";
import type { Outcome } from "@saccade/protocol";
import { FrameLag } from "./frame-lag.ts";

const MS = 1_000_000;

/** A camera's frame, every 10 ms; received at once, as the times after its measurement say. */
function frame(
	sequence: number,
	startedMs: number,
	outcome: Outcome = "RESULT",
	deviceId = "camera",
): FrameOutcome {
	return {
		timestampNs: BigInt(10 * sequence * MS),
		...{ deviceId, sequence, outcome },
		...{ reason: null, detail: "", decision: null, traceId: null, outputs: [] },
		latency: {
			receivedNs: MS,
			startedNs: startedMs * MS,
			finishedNs: (startedMs + 5) * MS,
			...{ deadlineNs: 0, stages: [] },
		},
	};
}

function mostBehind(...frames: readonly FrameOutcome[]): number {
	const lag = new FrameLag();
	for (const one of frames) lag.ended(one);
	return lag.mostBehind("camera");
}

test("who starts the newest frame is never behind, however many were dropped", () => {
	assert.equal(mostBehind(), 0);
	assert.equal(
		mostBehind(
			frame(1, 2),
			frame(2, 12, "SUPERSEDED"),
			frame(3, 10),
			frame(4, 40, "EXPIRED"),
		),
		0,
	);
});

test("each newer frame that had come when one was started counts, in whatever order their ends are told", () => {
	const [old, first, second] = [frame(1, 22), frame(2, 15), frame(3, 6)];
	assert.equal(mostBehind(old, first, second), 2);
	assert.equal(mostBehind(second, first, old), 2);
	assert.equal(mostBehind(first, old, second), 2);
	assert.equal(mostBehind(frame(1, 12), frame(2, 15, "SUPERSEDED")), 1);
});

test("a stream that counts from one again is not older than the one before", () => {
	const before = [1, 2, 3].map((sequence) => frame(sequence, 2));
	const after = [1, 2, 3].map((sequence) => ({
		...frame(sequence, 2),
		timestampNs: BigInt((1000 + 10 * sequence) * MS),
	}));
	assert.equal(mostBehind(...before, ...after), 0);
});

test("frames of another sensor are another matter, and old ones are forgotten", () => {
	const lag = new FrameLag();
	lag.ended(frame(1, 100, "RESULT", "lidar"));
	lag.ended(frame(5, 2));
	assert.deepEqual([lag.mostBehind("camera"), lag.mostBehind("lidar")], [0, 0]);
	lag.ended(frame(1, 10_000));
	for (let i = 6; i < 200; i++) lag.ended(frame(i, 2));
	assert.equal(lag.mostBehind("camera") < 100, true);
});
