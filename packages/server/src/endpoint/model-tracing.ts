// Traces requests of models that have trace settings of their own by these, and no longer by the server's: whose model it
// is is known after the head was read.
import type { ModelSamplers } from "../telemetry/tracing/model-sampling.ts";
import {
	beginRequestTrace,
	type RequestTrace,
} from "../telemetry/tracing/request-trace.ts";
import type { CallContext, InferEndpoint } from "./endpoint.ts";

export function tracedByModel(
	infer: InferEndpoint,
	samplers: ModelSamplers,
): InferEndpoint {
	return {
		open: infer.open,
		admit: (context, name, version) => {
			const isOwn = !samplers.isEmpty && samplers.of(name) !== null;
			// Not its turn yet: `run` counts.
			const trace = isOwn ? askedFor(context) : context.trace;
			const own = trace === context.trace ? context : { ...context, trace };
			return infer.admit(own, name, version);
		},
		run: (context, request, reply) => {
			if (!samplers.isEmpty) choose(samplers, context, request.modelName);
			return infer.run(context, request, reply);
		},
	};
}

function choose(
	samplers: ModelSamplers,
	context: CallContext,
	model: string,
): void {
	const sampler = samplers.of(model);
	const { transport } = context;
	if (sampler === null || transport === undefined) return;
	if (askedFor(context) !== null) return;
	const { trace } = context;
	context.trace = sampler.takesNext()
		? (trace ?? beginRequestTrace(transport, null, true))
		: null;
}

/** By the caller, whose wish stands above every setting. */
function askedFor({ trace }: CallContext): RequestTrace | null {
	return trace === null || trace.parentSpanId === null ? null : trace;
}
