// Records as spans of OpenTelemetry: one for the request or frame, one for each stage, one for each batch, and events
// for what was decided.
import {
	type Attributes,
	type HrTime,
	type Link,
	type SpanContext,
	SpanKind,
	SpanStatusCode,
	TraceFlags,
} from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { TraceRecord, TraceStage } from "../tracing/trace-record.ts";

interface Scope {
	readonly name: string;
	readonly version: string;
}

/** Batches whose span was made: a batch has one, however many of its requests are told. */
const MAX_REMEMBERED = 4096;

export class SpanFactory {
	readonly #resource: Resource;
	readonly #scope: Scope;
	/** Oldest first. */
	readonly #batches = new Set<string>();

	constructor(resource: Resource, scope: Scope) {
		this.#resource = resource;
		this.#scope = scope;
	}

	spansOf(records: readonly TraceRecord[]): ReadableSpan[] {
		return records.flatMap((record) => [
			this.#root(record),
			...record.stages.map((stage) => this.#stage(record, stage)),
			...this.#batch(record),
		]);
	}

	#root(record: TraceRecord): ReadableSpan {
		const { traceId, spanId, parentSpanId, tracestate } = record;
		return this.#span({
			name: rootName(record),
			kind: rootKind(record),
			context: contextOf(traceId, spanId, tracestate),
			parent:
				parentSpanId === null
					? null
					: contextOf(traceId, parentSpanId, tracestate),
			baseUs: record.startUnixUs,
			startUs: 0,
			durationUs: record.durationUs,
			attributes: rootAttributes(record),
			links: record.links.map(({ traceId: id, spanId: span, kind }) => ({
				context: contextOf(id, span, ""),
				attributes: { "saccade.link": kind },
			})),
			events: record.decisions.map(({ kind, because, atUs, text }) => ({
				name: kind,
				time: hrTime(record.startUnixUs, atUs),
				attributes: { "saccade.because": because, "saccade.text": text },
			})),
			// What failed is the server's; what was refused or came late is an error to who waited for it.
			error:
				ERRORS.has(record.outcome) || record.isMissed ? record.detail : null,
		});
	}

	#stage(record: TraceRecord, stage: TraceStage): ReadableSpan {
		const { traceId, spanId, tracestate, batch } = record;
		const isQueue = stage.name === "queue" && batch !== null;
		return this.#span({
			name: stage.name,
			kind: SpanKind.INTERNAL,
			context: contextOf(traceId, stage.spanId, tracestate),
			parent: contextOf(traceId, spanId, tracestate),
			baseUs: record.startUnixUs,
			startUs: stage.startUs,
			durationUs: stage.durationUs,
			attributes: isQueue
				? { "saccade.batch.closed_because": batch.closedBecause }
				: {},
			links: [],
			events: [],
			error: null,
		});
	}

	/** A trace of its own, since it belongs to many requests. */
	#batch(record: TraceRecord): ReadableSpan[] {
		const { batch, traceId, spanId } = record;
		if (batch === null || this.#batches.has(batch.spanId)) return [];
		this.#batches.add(batch.spanId);
		if (this.#batches.size > MAX_REMEMBERED)
			this.#batches.delete(this.#batches.values().next().value!);
		return [
			this.#span({
				name: `batch ${record.name}`,
				kind: SpanKind.INTERNAL,
				context: contextOf(batch.traceId, batch.spanId, ""),
				parent: null,
				baseUs: record.startUnixUs,
				startUs: batch.startUs,
				durationUs: batch.actualUs,
				attributes: {
					"saccade.model.name": record.name,
					"saccade.model.version": record.version,
					"saccade.batch.number": batch.number,
					"saccade.batch.rows": batch.rows,
					"saccade.batch.requests": batch.requestCount,
					"saccade.batch.closed_because": batch.closedBecause,
					"saccade.batch.predicted_us": batch.predictedUs,
					"saccade.device": batch.device,
					"saccade.lane": batch.lane,
				},
				links: [
					{
						context: contextOf(traceId, spanId, ""),
						attributes: { "saccade.link": "request" },
					},
				],
				events: [],
				error: null,
			}),
		];
	}

	#span(fields: {
		readonly name: string;
		readonly kind: SpanKind;
		readonly context: SpanContext;
		readonly parent: SpanContext | null;
		/** Wall clock; `startUs` is after it. */
		readonly baseUs: number;
		readonly startUs: number;
		readonly durationUs: number;
		readonly attributes: Attributes;
		readonly links: Link[];
		readonly events: ReadableSpan["events"];
		/** Null: it did not fail. */
		readonly error: string | null;
	}): ReadableSpan {
		const { context, parent, baseUs, startUs, durationUs, error } = fields;
		return {
			name: fields.name,
			kind: fields.kind,
			spanContext: () => context,
			...(parent !== null && { parentSpanContext: parent }),
			startTime: hrTime(baseUs, startUs),
			endTime: hrTime(baseUs, startUs + durationUs),
			duration: hrTime(0, durationUs),
			status:
				error === null
					? { code: SpanStatusCode.UNSET }
					: { code: SpanStatusCode.ERROR, message: error },
			attributes: fields.attributes,
			links: fields.links,
			events: fields.events,
			ended: true,
			resource: this.#resource,
			instrumentationScope: this.#scope,
			droppedAttributesCount: 0,
			droppedEventsCount: 0,
			droppedLinksCount: 0,
		};
	}
}

const ERRORS: ReadonlySet<TraceRecord["outcome"]> = new Set([
	"FAILED",
	"EXPIRED",
	"SHED",
	"BREAKER_OPEN",
]);

const GRPC_METHOD = "inference.GRPCInferenceService/ModelInfer";
const HTTP_ROUTE = "/v2/models/{model}/infer";

/**
 * The names of the RPC and HTTP conventions for what came from outside.
 * https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/ https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 */
function rootName({ kind, name, transport }: TraceRecord): string {
	if (kind === "frame") return `frame ${name}`;
	if (transport === "grpc") return GRPC_METHOD;
	if (transport === "http") return `POST ${HTTP_ROUTE}`;
	return `infer ${name}`;
}

function rootKind({ kind, transport }: TraceRecord): SpanKind {
	if (kind === "frame") return SpanKind.CONSUMER;
	return transport === "pipeline" ? SpanKind.INTERNAL : SpanKind.SERVER;
}

function rootAttributes(record: TraceRecord): Attributes {
	const { kind, name, version, transport, outcome, reason, deadlineUs } =
		record;
	// Those of a convention have their names already.
	const own = Object.entries(record.attributes).map(
		([key, value]) =>
			[key.startsWith("gen_ai.") ? key : `saccade.${key}`, value] as const,
	);
	return {
		...(kind === "frame"
			? { "saccade.pipeline.name": name }
			: { "saccade.model.name": name, "saccade.model.version": version }),
		...(transport === "grpc" && {
			"rpc.system": "grpc",
			"rpc.method": GRPC_METHOD,
		}),
		...(transport === "http" && {
			"http.request.method": "POST",
			"http.route": HTTP_ROUTE,
		}),
		"saccade.outcome": outcome,
		...(reason !== null && { "saccade.reason": reason }),
		...(deadlineUs !== null && { "saccade.deadline_us": deadlineUs }),
		"saccade.missed": record.isMissed,
		...Object.fromEntries(own),
	};
}

function contextOf(
	traceId: string,
	spanId: string,
	tracestate: string,
): SpanContext {
	const context = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
	if (tracestate === "") return context;
	return { ...context, traceState: asItCame(tracestate) };
}

/** It goes on as it came: nothing is added. */
function asItCame(text: string): NonNullable<SpanContext["traceState"]> {
	const state: NonNullable<SpanContext["traceState"]> = {
		get: () => undefined,
		set: () => state,
		unset: () => state,
		serialize: () => text,
	};
	return state;
}

/**
 * Seconds and nanoseconds of an instant `afterUs` a wall-clock one: in one number of today's size, fractions of a
 * microsecond would be lost, and a stage might end after its whole.
 */
export function hrTime(baseUs: number, afterUs = 0): HrTime {
	const baseS = Math.floor(baseUs / 1e6);
	const ns = Math.round((baseUs - baseS * 1e6 + afterUs) * 1000);
	const moreS = Math.floor(ns / 1e9);
	return [baseS + moreS, ns - moreS * 1e9];
}
