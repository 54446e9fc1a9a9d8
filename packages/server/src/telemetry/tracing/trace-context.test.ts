import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
	formatTraceparent,
	isTraceId,
	parseTraceContext,
} from "./trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const parent = (text: string) => parseTraceContext(text, undefined);
const state = (text: string) =>
	parseTraceContext(`00-${TRACE}-${SPAN}-01`, text)?.tracestate;

describe("traceparent", () => {
	test("names the trace, the span and whether it is recorded", () => {
		assert.deepEqual(parent(`00-${TRACE}-${SPAN}-01`), {
			traceId: TRACE,
			spanId: SPAN,
			isSampled: true,
			tracestate: "",
		});
		assert.equal(parent(`00-${TRACE}-${SPAN}-00`)?.isSampled, false);
		// Other flags say nothing of it.
		assert.equal(parent(`00-${TRACE}-${SPAN}-02`)?.isSampled, false);
		assert.equal(parent(`00-${TRACE}-${SPAN}-03`)?.isSampled, true);
	});

	test("of a later version is read as far as this one goes", () => {
		assert.equal(parent(`cc-${TRACE}-${SPAN}-01-what-comes`)?.traceId, TRACE);
		assert.equal(parent(`cc-${TRACE}-${SPAN}-01.what`), null);
	});

	test("that is malformed is none", () => {
		for (const text of [
			"",
			"00",
			`ff-${TRACE}-${SPAN}-01`,
			`00-${TRACE}-${SPAN}`,
			`00-${TRACE}-${SPAN}-1`,
			`00-${TRACE}-${SPAN}-01-more`,
			`00-${TRACE.toUpperCase()}-${SPAN}-01`,
			`00-${TRACE.slice(1)}-${SPAN}-01`,
			`00-${"0".repeat(32)}-${SPAN}-01`,
			`00-${TRACE}-${"0".repeat(16)}-01`,
			`00-${TRACE}-${SPAN}-zz`,
			`cc-${TRACE}-${SPAN}-01-${"x".repeat(300)}`,
			`00-${TRACE}\n-${SPAN}-01`,
		])
			assert.equal(parent(text), null, text);
		assert.equal(parseTraceContext(undefined, "a=1"), null);
	});

	test("is written as it is read", () => {
		const text = `00-${TRACE}-${SPAN}-01`;
		assert.equal(formatTraceparent(parent(text)!), text);
	});
});

describe("tracestate", () => {
	test("goes on as it came, without empty members", () => {
		assert.equal(state("a=1, b@c=x y,,"), "a=1,b@c=x y");
	});

	test("that breaks a rule is left out as a whole", () => {
		for (const text of [
			"a",
			"A=1",
			"a=1,a=2",
			"a=\u0001",
			`a=${"x".repeat(257)}`,
			Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(","),
			`a=${"x".repeat(200)},b=${"x".repeat(200)},c=${"x".repeat(200)}`,
		])
			assert.equal(state(text), "", text);
	});
});

test("a trace id is 32 lower-case hex digits that are not all zero", () => {
	assert.ok(isTraceId(TRACE));
	for (const text of ["", TRACE.slice(1), `${TRACE}0`, "0".repeat(32), "../x"])
		assert.ok(!isTraceId(text), text);
});
