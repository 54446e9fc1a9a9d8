import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import {
	ControlCommandSchema,
	Outcome,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { FrameOutcome } from "../endpoint/endpoint.ts";
import { OutcomeBuffer } from "./outcome-buffer.ts";

const plain: FrameOutcome = {
	timestampNs: 1n,
	deviceId: "a",
	frameId: "",
	sequence: 1,
	tag: null,
	outcome: "RESULT",
	reason: null,
	detail: "",
	result: null,
	payload: null,
	measuredUs: 0,
	receivedUs: 0,
	startedUs: Number.NaN,
	finishedUs: 0,
	deadlineUs: Number.POSITIVE_INFINITY,
	inputs: [],
};

function decoded(buffer: OutcomeBuffer) {
	const bytes = new Uint8Array(buffer.byteLength);
	buffer.takeInto(bytes, 0);
	return fromBinary(ControlCommandSchema, bytes).outcomes;
}

test("what is written by hand is what protobuf-es reads", () => {
	const buffer = new OutcomeBuffer();
	for (const timestampNs of [-(2n ** 63n), -1n, 2n ** 53n + 1n, 2n ** 63n - 1n])
		buffer.push({
			...plain,
			timestampNs,
			deviceId: "ö".repeat(300),
			sequence: 2 ** 53 - 1,
			outcome: "EXPIRED",
			reason: "deadline-passed",
			detail: "x".repeat(5000),
			measuredUs: 1000,
			receivedUs: 999.5,
			startedUs: 1001.25,
			finishedUs: 3000,
			deadlineUs: 2000,
			result: {
				decision: {
					action: "brake",
					reasons: ["closing", "too-near"],
					validForUs: 1.5,
					targets: [{ name: "acceleration_mps2", value: -6.25 }],
				},
				outputs: [
					{
						name: "OUT",
						dtype: "FP32",
						shape: [1, 300],
						data: new Uint8Array(1200).fill(7),
					},
				],
				stages: [{ name: "model", beginUs: 1100, endUs: 1900 }],
			},
			inputs: [{ deviceId: "camera", timestampNs: 5n, measuredUs: 2000 }],
		});
	const outcomes = decoded(buffer);
	assert.deepEqual(
		outcomes.map(({ timestampNs }) => timestampNs),
		[-(2n ** 63n), -1n, 2n ** 53n + 1n, 2n ** 63n - 1n],
	);
	const [first] = outcomes;
	assert.equal(first?.deviceId, "ö".repeat(300));
	assert.equal(first?.sequence, 2n ** 53n - 1n);
	assert.equal(first?.outcome, Outcome.EXPIRED);
	assert.equal(first?.reason, "deadline-passed");
	assert.equal(first?.detail.length, 5000);
	assert.equal(first?.decision?.action, "brake");
	assert.deepEqual(first?.decision?.reasons, ["closing", "too-near"]);
	assert.equal(first?.decision?.validUntilNs, -(2n ** 63n) + 1500n);
	assert.equal(first?.decision?.targets[0]?.value, -6.25);
	assert.equal(first?.latency?.receivedNs, -500n);
	assert.equal(first?.latency?.startedNs, 1250n);
	assert.equal(first?.latency?.finishedNs, 2_000_000n);
	assert.equal(first?.latency?.deadlineNs, 1_000_000n);
	assert.equal(first?.latency?.stages[0]?.endNs, 900_000n);
	assert.deepEqual(first?.outputs[0]?.shape, [1n, 300n]);
	assert.equal(first?.outputs[0]?.data.length, 1200);
	assert.equal(first?.inputs[0]?.ageNs, 1_000_000n);
});

test("the newest 1,024 are kept, and each that goes is counted", () => {
	const buffer = new OutcomeBuffer();
	let dropped = 0;
	for (let sequence = 1; sequence <= 3000; sequence++)
		dropped += buffer.push({ ...plain, sequence });
	assert.equal(dropped, 3000 - 1024);
	const outcomes = decoded(buffer);
	assert.deepEqual(
		outcomes.map(({ sequence }) => Number(sequence)),
		Array.from({ length: 1024 }, (_, i) => 1977 + i),
	);
	assert.equal(buffer.byteLength, 0);
});

test("large outcomes are bounded by their bytes, and the newest is kept however large", () => {
	const buffer = new OutcomeBuffer();
	const large = (byteLength: number, sequence: number) =>
		buffer.push({
			...plain,
			sequence,
			result: {
				decision: null,
				stages: [],
				outputs: [
					{
						name: "OUT",
						dtype: "UINT8",
						shape: [byteLength],
						data: new Uint8Array(byteLength),
					},
				],
			},
		});
	for (let i = 1; i <= 10; i++) large(1024 * 1024, i);
	assert.ok(buffer.byteLength <= 4 * 1024 * 1024);
	assert.equal(buffer.count, 3);
	large(8 * 1024 * 1024, 11);
	assert.deepEqual(
		decoded(buffer).map(({ sequence }) => sequence),
		[11n],
	);
});
