import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadSampler } from "../telemetry/tracing/head-sampler.ts";
import type { Operation, RequestHead } from "./endpoint.ts";
import { composeOpen, withDraining } from "./middleware.ts";
import { withTracing } from "./tracing.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

function head(
	headers: Readonly<Record<string, string>> = {},
	operation: Operation = "infer",
): RequestHead {
	return {
		transport: "http",
		operation,
		header: (name) => headers[name],
		headers: () => Object.entries(headers),
		transportDeadlineUs: Number.POSITIVE_INFINITY,
		receivedUs: 1000,
		peer: "127.0.0.1",
	};
}

function traceOf(ratio: number, given: RequestHead) {
	const open = composeOpen([
		withTracing({ sampler: new HeadSampler(ratio), nowUs: () => 1005 }),
		withDraining(() => false),
	]);
	const opened = open(given);
	assert.ok(opened.ok);
	return opened.context.trace;
}

test("the caller's trace goes on, sampled as the caller says", () => {
	for (const [flags, isSampled] of [
		["01", true],
		["00", false],
	] as const) {
		// Whatever the sampler would say.
		const trace = traceOf(
			isSampled ? 0 : 1,
			head({ traceparent: `00-${TRACE}-${SPAN}-${flags}`, tracestate: "a=1" }),
		);
		assert.equal(trace?.traceId, TRACE);
		assert.equal(trace?.parentSpanId, SPAN);
		assert.notEqual(trace?.spanId, SPAN);
		assert.equal(trace?.tracestate, "a=1");
		assert.equal(trace?.isSampled, isSampled);
		assert.equal(trace?.openedUs, 1005);
	}
});

test("a malformed context is none", () => {
	assert.equal(traceOf(0, head({ traceparent: "00-1-2-01" })), null);
	const sampled = traceOf(1, head({ traceparent: "00-1-2-01" }));
	assert.equal(sampled?.parentSpanId, null);
	assert.match(sampled?.traceId ?? "", /^[0-9a-f]{32}$/);
});

test("without one the sampler decides, for inferences alone", () => {
	assert.equal(traceOf(0, head()), null);
	assert.equal(traceOf(1, head())?.isSampled, true);
	assert.equal(traceOf(1, head({}, "health")), null);
});

test("nobody who traces costs nothing", () => {
	const next = () => ({ ok: false as const, error: null as never });
	assert.equal(withTracing(null)(next), next);
});
