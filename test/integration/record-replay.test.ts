// What was recorded is played back in virtual time and comes out the same, byte for byte: streams with scalars and a
// model whose runs take real time, with frames that are late, superseded, shed, invalid and cancelled.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { replayFile } from "../../packages/server/src/app/replay.ts";
import { SaccadeError } from "../../packages/server/src/errors/saccade-error.ts";
import { createCatalogue } from "../../packages/server/src/pipelines/catalogue.ts";
import type { FramePayload } from "../../packages/server/src/pipelines/frame.ts";
import type { ModelRunner } from "../../packages/server/src/pipelines/model-runner.ts";
import { createScalarPipeline } from "../../packages/server/src/pipelines/scalar-pipeline.ts";
import { journaledRunner } from "../../packages/server/src/streams/journaled-runner.ts";
import { readingNow, recordedStreams } from "../support/recorded-streams.ts";

/** Takes 1 to 12 ms, now and then two at once, and fails for every seventh run. */
class SlowModel implements ModelRunner {
	#runs = 0;

	async run({ inputs, signal }: Parameters<ModelRunner["run"]>[0]) {
		const n = ++this.#runs;
		await after(1 + ((n * 5) % 12), undefined, { signal }).catch(() => {
			throw new SaccadeError("CANCELLED", "the client left");
		});
		if (n % 7 === 0)
			throw new SaccadeError(
				"EXECUTION_FAILED",
				`run ${n} of the model failed`,
			);
		const [first] = inputs;
		assert.ok(first !== undefined);
		const data = first.data.map((byte) => byte + n);
		return [{ ...first, name: "OUT", data }];
	}

	assertReady(): void {}

	describe() {
		return { inputs: [], outputs: [] };
	}
}

function world(t: TestContext) {
	return recordedStreams(t, (journal) =>
		createCatalogue(
			[createScalarPipeline()],
			journaledRunner(new SlowModel(), journal),
		),
	);
}

/** A clock that is to be estimated. */
const DEVICE = { clockDomain: "device" } as const;

function tensors(fill: number): FramePayload {
	const data = new Uint8Array(64).fill(fill);
	return {
		kind: "tensors",
		tensors: [{ name: "IN", dtype: "UINT8", shape: [64], data }],
	};
}

/** Some 150 ms of everything that can happen to a frame. */
async function drive(open: ReturnType<typeof world>["open"]) {
	const scalar = open("scalar", { latencyBudgetUs: 20_000 }, DEVICE);
	const newest = open("model:net", { latencyBudgetUs: 8_000 });
	const all = open("model:net", {
		dropPolicy: "drop-oldest",
		depth: 2,
		maxInFlightCount: 2,
		lifespanUs: 15_000,
	});
	for (let i = 1; i <= 60; i++) {
		scalar.reading(readingNow(i, { value: i % 10 === 0 ? Number.NaN : i / 3 }));
		// A run that rejects at once, and readings behind it in the same turn.
		all.reading(readingNow(3 * i, { deviceId: "plain" }));
		newest.reading(readingNow(i, { payload: tensors(i) }));
		all.reading(
			readingNow(3 * i + 1, { payload: tensors(i), budgetUs: 25_000 }),
		);
		all.reading(
			readingNow(3 * i + 2, { payload: tensors(i), interrupt: i % 20 === 0 }),
		);
		if (i === 30) newest.reconfigure({ latencyBudgetUs: 30_000 }, "test");
		if (i % 15 === 0) scalar.heartbeat("");
		await after(2);
	}
	scalar.close();
	all.cancel();
	await after(40);
}

test("a recorded run comes out of its replay byte for byte, late frames, drops and failures too", {
	timeout: 60_000,
}, async (t) => {
	const { recordings, open } = world(t);
	await recordings.start({ name: "run", maxBytes: 0, maxSeconds: 0 });
	await drive(open);
	const { path, droppedCount } = await recordings.stop();
	assert.equal(droppedCount, 0);
	const report = await replayFile(path);
	assert.equal(report.firstDifference, null);
	assert.equal(report.recordedCount, 60 * 5);
	assert.equal(report.identicalCount, report.recordedCount);
	assert.equal(report.unmatchedCount, 0);
	assert.equal(report.strayCount, 0);
	assert.equal(report.isWhole, true);
	// It would prove little if every frame had gone well.
	for (const outcome of [
		"RESULT",
		"SUPERSEDED",
		"EXPIRED",
		"SHED",
		"INVALID",
		"FAILED",
		"CANCELLED",
	])
		assert.ok(report.outcomes[outcome], `no frame ended as ${outcome}`);
	assert.deepEqual(await replayFile(path), report);
});

test("a replay whose model takes another time than it did is told apart", {
	timeout: 60_000,
}, async (t) => {
	const { recordings, open } = world(t);
	await recordings.start({ name: "run", maxBytes: 0, maxSeconds: 0 });
	await drive(open);
	const { path } = await recordings.stop();
	// Every instant is read 5 ms later than it was from the 20th turn on.
	let turn = 0;
	const report = await replayFile(path, {
		alter: (one) =>
			++turn < 20
				? one
				: { ...one, clockUs: one.clockUs.map((us) => us + 5000) },
	});
	assert.notEqual(report.firstDifference, null);
});

test("streams that were open before are recorded, and the replay says that they need not agree", {
	timeout: 60_000,
}, async (t) => {
	const { recordings, open } = world(t);
	const early = open("scalar", {}, DEVICE);
	early.reading(readingNow(1, {}));
	await recordings.start({ name: "run", maxBytes: 0, maxSeconds: 0 });
	for (let i = 2; i <= 10; i++) early.reading(readingNow(i, {}));
	const { path } = await recordings.stop();
	const report = await replayFile(path);
	assert.deepEqual(report.partialStreams, ["s1"]);
	assert.equal(report.recordedCount, 9);
	assert.equal(report.replayedCount, 9);
});

test("one recording at a time, under a name that is no path", async (t) => {
	const { recordings } = world(t);
	const request = { name: "a", maxBytes: 0, maxSeconds: 0 };
	await recordings.start(request);
	await assert.rejects(recordings.start({ ...request, name: "b" }), {
		code: "ALREADY_EXISTS",
		message: /under way/,
	});
	await recordings.stop();
	await assert.rejects(recordings.stop(), { code: "NOT_FOUND" });
	await assert.rejects(recordings.start(request), { code: "ALREADY_EXISTS" });
	for (const name of ["../a", "/etc/a", ".hidden", "a b"])
		await assert.rejects(recordings.start({ ...request, name }), {
			code: "INVALID_ARGUMENT",
		});
	// What was refused is not in the way.
	await recordings.start({ ...request, name: "c" });
	await recordings.close();
});
