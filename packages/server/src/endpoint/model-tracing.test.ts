import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelSamplers } from "../telemetry/tracing/model-sampling.ts";
import {
	beginRequestTrace,
	type RequestTrace,
} from "../telemetry/tracing/request-trace.ts";
import type { CallContext, InferRequest } from "./endpoint.ts";
import { tracedByModel } from "./model-tracing.ts";

const NO_END = Number.POSITIVE_INFINITY;
const FROM_SAMPLER = () => beginRequestTrace("http", null, true);
const FROM_CALLER = () =>
	beginRequestTrace(
		"http",
		{ traceId: "a", spanId: "b", isSampled: true, tracestate: "" },
		true,
	);

function setUp() {
	const samplers = new ModelSamplers();
	const seen: (RequestTrace | null)[] = [];
	const endpoint = tracedByModel(
		{
			open: () => assert.fail(),
			admit: ({ trace }) => {
				seen.push(trace);
				return null;
			},
			run: ({ trace }) => {
				seen.push(trace);
				return { cancel: () => {} };
			},
		},
		samplers,
	);
	const call = (
		trace: RequestTrace | null,
		model = "m",
		more: Partial<CallContext> = { transport: "http" },
	) => {
		const context: CallContext = {
			deadlineUs: NO_END,
			receivedUs: 0,
			trace,
			...more,
		};
		seen.length = 0;
		endpoint.admit(context, model, "");
		endpoint.run(context, { modelName: model } as InferRequest, {
			response: () => {},
			error: () => {},
		});
		const [admitted, run] = seen;
		return { admitted, run, told: context.trace };
	};
	return { samplers, call };
}

test("the server's choice stands for models without settings of their own", () => {
	const { samplers, call } = setUp();
	const trace = FROM_SAMPLER();
	assert.deepEqual(call(trace), { admitted: trace, run: trace, told: trace });
	samplers.set("m", { rate: 1, count: NO_END });
	assert.equal(call(trace, "other").run, trace);
	assert.equal(call(null, "other").run, null);
});

test("a model's own rule traces what the server would not, and the other way round", () => {
	const { samplers, call } = setUp();
	samplers.set("m", { rate: 2, count: NO_END });
	assert.equal(call(null).run, null);
	const second = call(null);
	assert.equal(second.run?.isSampled, true);
	assert.equal(second.told, second.run, "its answer tells of it");
	samplers.set("m", { rate: 0, count: NO_END });
	assert.deepEqual(call(FROM_SAMPLER()), {
		admitted: null,
		run: null,
		told: null,
	});
});

test("whom the caller traces is traced whatever the rule, and does not count", () => {
	const { samplers, call } = setUp();
	samplers.set("m", { rate: 1, count: 1 });
	const trace = FROM_CALLER();
	assert.deepEqual(call(trace), { admitted: trace, run: trace, told: trace });
	assert.notEqual(call(null).run, null);
	assert.equal(call(null).run, null);
	assert.equal(call(trace).run, trace);
});

test("what came over a network thread is left as it is", () => {
	const { samplers, call } = setUp();
	samplers.set("m", { rate: 1, count: NO_END });
	assert.equal(call(null, "m", {}).run, null);
});
