// What goes through a server while its metrics are collected: frames and requests of every kind, a swap, and a load that
// fails.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Serving, saccade } from "../e2e/support/command.ts";
import { addBlindDetectors } from "../support/blind-detectors.ts";
import { addFakeModel } from "../support/fake-model.ts";

const DRIVE_S = 5;
/** Of `echo`, that succeed. */
export const REQUEST_COUNT = 51;

export function addModels(repository: string): void {
	addBlindDetectors(repository);
	addFakeModel(repository, "echo");
	addFakeModel(repository, "swapped");
}

export async function drive(
	serving: Serving,
	repository: string,
): Promise<void> {
	// Before the drive and after it, so that every store sees the series of a pipeline grow.
	await sendReadings(serving);
	const driven = await saccade([
		"drive",
		`--url=${serving.grpc}`,
		`--seconds=${DRIVE_S}`,
		"--seed=3",
		"--json",
	]);
	const report = JSON.parse(driven.stdout || assert.fail(driven.stderr));
	assert.ok(report.frames > 0);
	await sendReadings(serving);
	await sendLateReading(serving);
	for (let i = 0; i < REQUEST_COUNT - 1; i++)
		assert.equal(await infer(serving), 200);
	assert.equal(await infer(serving, "INT8"), 400);
	const late = { "saccade-deadline-ms": "0.000001" };
	assert.equal(await infer(serving, "FP32", late), 504);
	addFakeModel(repository, "swapped", { versions: [2] });
	assert.equal(await load(serving, "swapped"), 200);
	writeFileSync(join(repository, "echo", "1", "model.json"), "broken");
	assert.notEqual(await load(serving, "echo"), 200);
	assert.equal(await infer(serving), 200);
}

/** Frames that are in time whatever else the machine does. */
async function sendReadings(serving: Serving): Promise<void> {
	for (let i = 1; i <= 20; i++)
		assert.equal(
			await sendReading(serving, {
				device_id: "thermometer",
				timestamp_ns: String(nowNs() + BigInt(i)),
				deadline_ns: 60_000_000_000,
			}),
			200,
		);
}

/** A frame that is dropped however fast the machine is: measured 1 µs after one that was answered, and due 1 µs later. */
async function sendLateReading(serving: Serving): Promise<void> {
	const sinceNs = nowNs();
	const device_id = "slow-thermometer";
	const first = { device_id, timestamp_ns: String(sinceNs) };
	assert.equal(await sendReading(serving, first), 200);
	const late = {
		device_id,
		timestamp_ns: String(sinceNs + 1_000n),
		deadline_ns: 1_000,
	};
	assert.equal(await sendReading(serving, late), 504);
}

function nowNs(): bigint {
	return BigInt(Date.now()) * 1_000_000n;
}

function sendReading(serving: Serving, reading: object): Promise<number> {
	return post(serving, "/saccade/v1/telemetry", { ...reading, value: 20 });
}

function load(serving: Serving, model: string): Promise<number> {
	return post(serving, `/v2/repository/models/${model}/load`, {});
}

function infer(
	serving: Serving,
	datatype = "FP32",
	headers: Readonly<Record<string, string>> = {},
): Promise<number> {
	const inputs = [{ name: "INPUT0", datatype, shape: [1, 1], data: [1] }];
	return post(serving, "/v2/models/echo/infer", { inputs }, headers);
}

async function post(
	{ http }: Serving,
	path: string,
	body: object,
	headers: Readonly<Record<string, string>> = {},
): Promise<number> {
	const answer = await fetch(`http://${http}${path}`, {
		method: "POST",
		headers,
		body: JSON.stringify(body),
	});
	await answer.arrayBuffer();
	return answer.status;
}
