import assert from "node:assert/strict";
import { test } from "node:test";
import type { LaneSpan } from "@saccade/protocol/console";
import type { ModelListener } from "../../models/model-events.ts";
import { LaneTap } from "./lane-tap.ts";

const SILENT: ModelListener = {
	batchFinished: () => {},
	inputsPadded: () => {},
	runLost: () => {},
	requestFinished: () => {},
};

function run(
	listener: ModelListener,
	beginUs: number,
	endUs: number,
	lane = 0,
): void {
	listener.batchFinished(
		1,
		4,
		"full",
		{
			device: "cpu",
			lane,
			gatherStartUs: beginUs,
			runStartUs: beginUs,
			runEndUs: endUs,
			splitEndUs: endUs,
		},
		false,
	);
}

const spansOf = (tap: LaneTap): LaneSpan[] =>
	JSON.parse(tap.spans.advance() ?? '{"items":[]}').items;

test("runs with nothing visible between them are one span, others are spans of their own", () => {
	const tap = new LaneTap();
	const listener = tap.listenerOf({ name: "m", version: "1" }, SILENT);
	tap.watched(true);
	for (let i = 0; i < 10; i++) run(listener, 1000 * i, 1000 * i + 900);
	run(listener, 50_000, 52_000);
	run(listener, 0, 4000, 1);
	tap.flush(60_000);
	assert.deepEqual(
		spansOf(tap).map(({ lane, beginMs, endMs, runs, rows }) => ({
			lane,
			beginMs,
			endMs,
			runs,
			rows,
		})),
		[
			{ lane: 0, beginMs: 0, endMs: 9.9, runs: 10, rows: 40 },
			{ lane: 0, beginMs: 50, endMs: 52, runs: 1, rows: 4 },
			{ lane: 1, beginMs: 0, endMs: 4, runs: 1, rows: 4 },
		],
	);
});

test("a lane that never rests is told of while it runs, in a bounded number of spans", () => {
	const tap = new LaneTap();
	const listener = tap.listenerOf({ name: "m", version: "1" }, SILENT);
	tap.watched(true);
	// 100,000 batches in a second.
	for (let i = 0; i < 100_000; i++) run(listener, 10 * i, 10 * i + 9);
	const spans = spansOf(tap);
	assert.ok(spans.length >= 9 && spans.length <= 11, `${spans.length}`);
	assert.ok(spans.every(({ runs }) => runs > 1000));
});

test("nothing is kept while nobody looks, and the listener behind it hears all the same", () => {
	const tap = new LaneTap();
	let heard = 0;
	const listener = tap.listenerOf(
		{ name: "m", version: "1" },
		{ ...SILENT, batchFinished: () => heard++ },
	);
	run(listener, 0, 10);
	tap.flush(1e6);
	assert.deepEqual(spansOf(tap), []);
	assert.equal(heard, 1);
});
