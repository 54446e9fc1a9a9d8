import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FakeCall } from "../../models/testing/fake-caller.ts";
import { makeReadyModel } from "../../models/testing/fake-model.ts";
import { beginRequestTrace } from "../../telemetry/tracing/request-trace.ts";
import type { TraceRecord } from "../../telemetry/tracing/trace-record.ts";
import { TraceRecorder } from "../../telemetry/tracing/trace-recorder.ts";
import {
	TRACE_STORE_DEFAULTS,
	TraceStore,
} from "../../telemetry/tracing/trace-store.ts";
import { RequestTracer } from "./model-tracer.ts";

async function setUp(
	curveMs?: Readonly<Record<string, number>>,
	writesLog = true,
) {
	const fake = await makeReadyModel({
		...(curveMs !== undefined && { curveMs }),
		config: `backend: "fake" max_batch_size: 4 dynamic_batching {}`,
	});
	const exported: TraceRecord[] = [];
	const told: string[] = [];
	const store = new TraceStore(TRACE_STORE_DEFAULTS);
	const recorder = new TraceRecorder({
		clock: fake.clock,
		store,
		export: (record) => exported.push(record),
		log: {
			writes: () => writesLog,
			debug: (fields) => told.push(String(fields["trace_id"])),
		},
	});
	fake.model.observers.tracer = new RequestTracer(recorder, {
		name: "fake",
		version: "1",
	});
	let callCount = 0;
	const call = (given: FakeCall) => fake.submit(`${++callCount}`, given);
	/** What was deferred to later turns of the loop is done. */
	const settle = async () => {
		for (let turn = 0; turn < 4; turn++) await fake.nextTurn();
	};
	return { ...fake, call, settle, store, recorder, exported, told };
}

describe("requests that nobody asked to trace", () => {
	test("are kept while they are among the slowest, and not sent", async () => {
		const { call, settle, clock, store, exported } = await setUp({ 1: 1 });
		for (let i = 0; i < 40; i++) {
			call({ value: i });
			await settle();
			clock.advance(2000 + i);
			await settle();
		}
		assert.equal(store.list("slowest", null, 100).length, 16);
		assert.equal(store.list("missed", null, 100).length, 0);
		assert.deepEqual(exported, []);
	});

	test("are sent when they missed their deadline, with what the scheduler said", async () => {
		const { call, settle, clock, store, exported, told } = await setUp({
			1: 50,
		});
		call({ value: 1 });
		await settle();
		call({ value: 2, deadlineUs: clock.nowUs() + 10_000 });
		clock.advance(11_000);
		await settle();
		const [missed] = exported;
		assert.equal(exported.length, 1);
		assert.ok(missed?.isMissed);
		assert.equal(missed.outcome, "EXPIRED");
		assert.deepEqual(
			missed.decisions.map(({ kind, because }) => [kind, because]),
			[["refused", "expired"]],
		);
		assert.ok(Math.abs((missed.deadlineUs ?? 0) - 10_000) < 1e-6);
		assert.deepEqual(store.list("missed", "fake", 10), [missed.traceId]);
		assert.deepEqual(told, [missed.traceId]);
	});

	test("are recorded at a bounded rate, however many are missed, and the rest is counted", async () => {
		const { call, settle, clock, recorder, exported } = await setUp({ 1: 50 });
		call({ value: 1 });
		await settle();
		const deadlineUs = clock.nowUs() + 10_000;
		for (let i = 0; i < 1000; i++) call({ value: i, deadlineUs });
		clock.advance(11_000);
		await settle();
		assert.equal(exported.length, 200);
		assert.equal(recorder.passedOverCount, 800);
	});
});

test("all requests of a batch name the same batch, with what it was predicted to take and took", async () => {
	const { call, settle, clock, store } = await setUp({ 1: 10, 4: 10 });
	for (let value = 0; value < 3; value++) call({ value });
	await settle();
	clock.advance(10_000);
	await settle();
	const records = store
		.list("slowest", null, 10)
		.flatMap((traceId) => store.find(traceId) ?? []);
	assert.equal(records.length, 3);
	const [batch] = records.map((record) => record.batch);
	for (const record of records) assert.deepEqual(record.batch, batch);
	assert.equal(batch?.rows, 3);
	assert.equal(batch.requestCount, 3);
	assert.ok(Math.abs(batch.runUs - 10_000) < 1);
	assert.match(
		records[0]?.decisions[0]?.text ?? "",
		/^batch 1 of 3 rows from 3 requests ran on cpu, because .*; it took 10\.0 ms/,
	);
});

describe("requests that were drawn and answered", () => {
	async function setUpDrawn(writesLog = false) {
		const made = await setUp({ 1: 1 }, writesLog);
		const answer = async (count: number) => {
			for (let i = 0; i < count; i++) {
				const entry = made.call({ value: i });
				entry.trace = beginRequestTrace("grpc", null, true);
				await made.settle();
				made.clock.advance(1000);
				await made.settle();
			}
		};
		return { ...made, answer };
	}

	test("are recorded many at a time", async () => {
		const { answer, exported } = await setUpDrawn();
		await answer(31);
		assert.equal(exported.length, 0);
		await answer(1);
		assert.equal(exported.length, 32);
		assert.equal(new Set(exported.map(({ traceId }) => traceId)).size, 32);
	});

	test("are recorded after half a second when no more come", async () => {
		const { answer, clock, exported } = await setUpDrawn();
		await answer(2);
		clock.advance(490_000);
		assert.equal(exported.length, 0);
		clock.advance(10_000);
		assert.equal(exported.length, 2);
	});

	test("are recorded before anybody reads, with what was true when they ended", async () => {
		const { answer, clock, store } = await setUpDrawn();
		await answer(1);
		clock.advance(100_000);
		const [traceId = ""] = store.list("newest", null, 10);
		const [record] = store.find(traceId) ?? [];
		assert.ok(Math.abs((record?.durationUs ?? 0) - 1000) < 1);
		assert.equal(record?.batch?.requestCount, 1);
	});

	test("are recorded at once where the log tells of each", async () => {
		const { answer, exported, told } = await setUpDrawn(true);
		await answer(1);
		assert.equal(exported.length, 1);
		assert.deepEqual(told, [exported[0]?.traceId]);
	});
});
