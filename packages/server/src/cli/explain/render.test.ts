import assert from "node:assert/strict";
import { test } from "node:test";
import type { TraceRecord } from "../../telemetry/tracing/trace-record.ts";
import { renderExplanation, renderList } from "./render.ts";

const RECORD: TraceRecord = {
	kind: "request",
	traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
	spanId: "00f067aa0ba902b7",
	parentSpanId: null,
	tracestate: "",
	isSampled: true,
	transport: "http",
	name: "m",
	version: "1",
	attributes: { rows: 2 },
	startUnixUs: 1_700_000_000_000_000,
	durationUs: 4000,
	outcome: "RESULT",
	reason: null,
	detail: "",
	deadlineUs: 5000,
	isMissed: false,
	stages: [
		{ name: "queue", startUs: 0, durationUs: 1000 },
		{ name: "run", startUs: 1000, durationUs: 3000 },
	],
	decisions: [
		{ kind: "batch-closed", because: "full", atUs: 1000, text: "it was full" },
	],
	batch: null,
	links: [],
};

test("an explanation says where the time went and what was decided", () => {
	const text = renderExplanation({
		traceId: RECORD.traceId,
		records: [RECORD],
	});
	assert.match(
		text,
		/request of m version 1: RESULT after 4\.000 ms, 1\.000 ms before its deadline/,
	);
	assert.match(text, /queue +0\.000 +1\.000 +25\.0 % +█{10}\n/);
	assert.match(text, /run +1\.000 +3\.000 +75\.0 % +█{30}\n/);
	assert.match(text, /1\.000 ms {2}batch-closed \(full\): it was full/);
});

test("what came late says by how much", () => {
	const late = { ...RECORD, deadlineUs: 1500 };
	const text = renderExplanation({ traceId: late.traceId, records: [late] });
	assert.match(text, /2\.500 ms after its deadline/);
});

test("a list says what took longest", () => {
	assert.equal(renderList([]), "nothing is kept yet");
	const { traceId, kind, name, outcome, reason } = RECORD;
	const { startUnixUs, durationUs, deadlineUs, isMissed } = RECORD;
	const text = renderList([
		{
			...{ traceId, kind, name, outcome, reason, startUnixUs, durationUs },
			...{ deadlineUs, isMissed },
			longestStage: { name: "run", durationUs: 3000 },
		},
	]);
	assert.match(
		text,
		/4bf92f3577b34da6a3ce929d0e0e4736 +request +m +RESULT +4\.000 +5\.000 +run 3\.000 +2023-11-14T/,
	);
});
