// Records as spans of OpenTelemetry, in the bytes in which they travel: one span for the request or frame, one for each
// stage, one for each batch, and events for what was decided. Written by the thread that serves, since bytes cost it
// less than handing over objects or a text would. Field numbers:
// https://github.com/open-telemetry/opentelemetry-proto/blob/v1.11.0/opentelemetry/proto/trace/v1/trace.proto
import type {
	TraceRecord,
	TraceStage,
	TraceTransport,
} from "../tracing/trace-record.ts";
import { ProtoBuffer } from "./proto-buffer.ts";
import { RecentKeys } from "./recent-keys.ts";

/** Tags: field number and wire type. */
const SPANS = 0x12;
const SPAN = {
	traceId: 0x0a,
	spanId: 0x12,
	traceState: 0x1a,
	parentSpanId: 0x22,
	name: 0x2a,
	kind: 0x30,
	start: 0x39,
	end: 0x41,
	attributes: 0x4a,
	events: 0x5a,
	links: 0x6a,
	status: 0x7a,
	flags: Uint8Array.of(0x85, 0x01),
} as const;
const EVENT = { time: 0x09, name: 0x12, attributes: 0x1a } as const;
const LINK = {
	traceId: 0x0a,
	spanId: 0x12,
	attributes: 0x22,
	flags: Uint8Array.of(0x35),
} as const;
const STATUS = { message: 0x12, code: 0x18 } as const;
const KEY_VALUE = { key: 0x0a, value: 0x12 } as const;
const VALUE = { text: 0x0a, boolean: 0x10, integer: 0x18, double: 0x21 };

const KIND = { internal: 1, server: 2, consumer: 5 } as const;
const STATUS_ERROR = 2;
/** Sampled, and it is known whether the parent is another process'. */
const FLAGS = 0x101;
const PARENT_IS_REMOTE = 0x200;

export class SpanEncoder {
	/** Whose span was made: a batch has one, however many of its requests are told. */
	readonly #batches = new RecentKeys(2048);
	/** What all stages of a record have in common. */
	readonly #ofStages = new ProtoBuffer();

	/** Adds fields of ScopeSpans. */
	add(record: TraceRecord, to: ProtoBuffer): void {
		const time = timeOf(record.startUnixUs);
		writeRoot(to, record, time);
		const { stages, batch } = record;
		if (stages.length > 0) writeOfStages(this.#ofStages, record);
		for (let i = 0; i < stages.length; i++) {
			const span = to.begin(SPANS);
			to.append(this.#ofStages);
			writeStage(to, record, stages[i]!, i, time);
			to.end(span);
		}
		if (batch !== null && this.#batches.add(batch.spanId))
			writeBatch(to, record, batch, time);
	}
}

/** Where spans begin in the memory in which they are sent: so much room for what goes before them. */
export const SPANS_AT = 4096;

/**
 * ExportTraceServiceRequest of what a `SpanEncoder` wrote.
 * @param memory with spans of so many bytes at `SPANS_AT`; the request is a part of it, if its head has room there
 */
export function traceRequest(
	about: SpansSource,
	memory: ArrayBufferLike,
	spansBytes: number,
): Uint8Array {
	const head = requestHead(about, spansBytes);
	const start = SPANS_AT - head.byteLength;
	const byteLength = head.byteLength + spansBytes;
	if (start >= 0) {
		const request = new Uint8Array(memory, start, byteLength);
		request.set(head);
		return request;
	}
	// Once, in its size: a megabyte that grows is several.
	const request = new Uint8Array(byteLength);
	request.set(head);
	request.set(new Uint8Array(memory, SPANS_AT, spansBytes), head.byteLength);
	return request;
}

/** What goes before the spans: each message around them begins with its length. */
function requestHead(
	{ resource, scope }: SpansSource,
	spansBytes: number,
): Uint8Array {
	const head = new ProtoBuffer();
	const ofScope = head.begin(0x0a);
	head.text(0x0a, scope.name);
	head.text(0x12, scope.version);
	head.end(ofScope);
	const scopePart = head.take();
	const ofResource = head.begin(0x0a);
	for (const [name, value] of Object.entries(resource))
		attribute(head, 0x0a, keyOf(name), value);
	head.end(ofResource);
	head.integer(0x12, scopePart.byteLength + spansBytes);
	head.raw(scopePart);
	const resourcePart = head.take();
	head.integer(0x0a, resourcePart.byteLength + spansBytes);
	head.raw(resourcePart);
	return head.take();
}

/** Whose spans they are. */
export interface SpansSource {
	readonly resource: Readonly<Record<string, string>>;
	readonly scope: { readonly name: string; readonly version: string };
}

/** A wall-clock instant in ns, in two words; what a double cannot hold of it is kept beside them. */
interface BaseTime {
	readonly high: number;
	readonly low: number;
	readonly restNs: number;
}

function timeOf(unixUs: number): BaseTime {
	const wholeUs = Math.floor(unixUs);
	const ns = BigInt(wholeUs) * 1000n;
	return {
		high: Number(ns >> 32n),
		low: Number(ns & 0xffff_ffffn),
		restNs: (unixUs - wholeUs) * 1000,
	};
}

/** All instants of a record by the same sum: a stage ends no later than its whole. */
function instant(
	to: ProtoBuffer,
	tag: number,
	{ high, low, restNs }: BaseTime,
	afterUs: number,
): void {
	to.fixed64(tag, high, low + Math.round(restNs + afterUs * 1000));
}

function writeRoot(to: ProtoBuffer, record: TraceRecord, time: BaseTime): void {
	const { traceId, spanId, parentSpanId, tracestate, durationUs } = record;
	const span = to.begin(SPANS);
	to.hex(SPAN.traceId, traceId);
	to.hex(SPAN.spanId, spanId);
	if (tracestate !== "") to.text(SPAN.traceState, tracestate);
	if (parentSpanId !== null) to.hex(SPAN.parentSpanId, parentSpanId);
	to.text(SPAN.name, rootName(record));
	to.integer(SPAN.kind, rootKind(record));
	instant(to, SPAN.start, time, 0);
	instant(to, SPAN.end, time, durationUs);
	writeRootAttributes(to, record);
	for (const { kind, because, atUs, text } of record.decisions) {
		const event = to.begin(SPAN.events);
		instant(to, EVENT.time, time, atUs);
		to.text(EVENT.name, kind);
		attribute(to, EVENT.attributes, KEY.because, because);
		attribute(to, EVENT.attributes, KEY.text, text);
		to.end(event);
	}
	for (const link of record.links)
		writeLink(to, link.traceId, link.spanId, link.kind);
	// What failed is the server's; what was refused or came late is an error to who waited for it.
	if (ERRORS.has(record.outcome) || record.isMissed) {
		const status = to.begin(SPAN.status);
		if (record.detail !== "") to.text(STATUS.message, record.detail);
		to.integer(STATUS.code, STATUS_ERROR);
		to.end(status);
	}
	const isFromOutside = parentSpanId !== null && !isInternal(record);
	to.fixed32(SPAN.flags, FLAGS | (isFromOutside ? PARENT_IS_REMOTE : 0));
	to.end(span);
}

function writeOfStages(
	to: ProtoBuffer,
	{ traceId, spanId, tracestate }: TraceRecord,
): void {
	to.clear();
	to.hex(SPAN.traceId, traceId);
	if (tracestate !== "") to.text(SPAN.traceState, tracestate);
	to.hex(SPAN.parentSpanId, spanId);
	to.integer(SPAN.kind, KIND.internal);
	to.fixed32(SPAN.flags, FLAGS);
}

/** Its id is that of the whole, counted up: one number has to be random, not one for each stage. */
function writeStage(
	to: ProtoBuffer,
	{ spanId, batch }: TraceRecord,
	{ name, startUs, durationUs }: TraceStage,
	index: number,
	time: BaseTime,
): void {
	to.hex(SPAN.spanId, spanId, index + 1);
	to.text(SPAN.name, name);
	instant(to, SPAN.start, time, startUs);
	instant(to, SPAN.end, time, startUs + durationUs);
	if (name === "queue" && batch !== null)
		attribute(to, SPAN.attributes, KEY.closedBecause, batch.closedBecause);
}

/** A trace of its own, since it belongs to many requests. */
function writeBatch(
	to: ProtoBuffer,
	{ name, version, traceId, spanId }: TraceRecord,
	batch: NonNullable<TraceRecord["batch"]>,
	time: BaseTime,
): void {
	const span = to.begin(SPANS);
	to.hex(SPAN.traceId, batch.traceId);
	to.hex(SPAN.spanId, batch.spanId);
	to.text(SPAN.name, `batch ${name}`);
	to.integer(SPAN.kind, KIND.internal);
	instant(to, SPAN.start, time, batch.startUs);
	instant(to, SPAN.end, time, batch.startUs + batch.actualUs);
	attribute(to, SPAN.attributes, KEY.modelName, name);
	attribute(to, SPAN.attributes, KEY.modelVersion, version);
	attribute(to, SPAN.attributes, KEY.batchNumber, batch.number);
	attribute(to, SPAN.attributes, KEY.batchRows, batch.rows);
	attribute(to, SPAN.attributes, KEY.batchRequests, batch.requestCount);
	attribute(to, SPAN.attributes, KEY.closedBecause, batch.closedBecause);
	attribute(to, SPAN.attributes, KEY.predictedUs, batch.predictedUs);
	attribute(to, SPAN.attributes, KEY.device, batch.device);
	attribute(to, SPAN.attributes, KEY.lane, batch.lane);
	writeLink(to, traceId, spanId, "request");
	to.fixed32(SPAN.flags, FLAGS);
	to.end(span);
}

function writeLink(
	to: ProtoBuffer,
	traceId: string,
	spanId: string,
	kind: string,
): void {
	const link = to.begin(SPAN.links);
	to.hex(LINK.traceId, traceId);
	to.hex(LINK.spanId, spanId);
	attribute(to, LINK.attributes, KEY.link, kind);
	to.fixed32(LINK.flags, FLAGS);
	to.end(link);
}

const ERRORS: ReadonlySet<TraceRecord["outcome"]> = new Set([
	"FAILED",
	"EXPIRED",
	"SHED",
	"BREAKER_OPEN",
]);

/** By how the request came. */
const GRPC_METHODS = {
	grpc: "inference.GRPCInferenceService/ModelInfer",
	"grpc-stream": "inference.GRPCInferenceService/ModelStreamInfer",
} as const;
const HTTP_ROUTE = "/v2/models/{model}/infer";

/**
 * The names of the RPC and HTTP conventions for what came from outside.
 * https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/ https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 */
function rootName({ kind, name, transport }: TraceRecord): string {
	if (kind === "frame") return `frame ${name}`;
	if (isGrpc(transport)) return GRPC_METHODS[transport];
	if (transport === "http") return `POST ${HTTP_ROUTE}`;
	return `infer ${name}`;
}

function isGrpc(
	transport: TraceTransport | null,
): transport is keyof typeof GRPC_METHODS {
	return transport === "grpc" || transport === "grpc-stream";
}

function rootKind(record: TraceRecord): number {
	if (record.kind === "frame") return KIND.consumer;
	return isInternal(record) ? KIND.internal : KIND.server;
}

function isInternal({ transport }: TraceRecord): boolean {
	return transport === "pipeline";
}

function writeRootAttributes(to: ProtoBuffer, record: TraceRecord): void {
	const { kind, transport, reason, deadlineUs, attributes } = record;
	const add = (key: Uint8Array, value: AttributeValue) =>
		attribute(to, SPAN.attributes, key, value);
	if (kind === "frame") add(KEY.pipelineName, record.name);
	else {
		add(KEY.modelName, record.name);
		add(KEY.modelVersion, record.version);
	}
	if (isGrpc(transport)) {
		add(KEY.rpcSystem, "grpc");
		add(KEY.rpcMethod, GRPC_METHODS[transport]);
	} else if (transport === "http") {
		add(KEY.httpMethod, "POST");
		add(KEY.httpRoute, HTTP_ROUTE);
	}
	add(KEY.outcome, record.outcome);
	if (reason !== null) add(KEY.reason, reason);
	if (deadlineUs !== null) add(KEY.deadlineUs, deadlineUs);
	add(KEY.missed, record.isMissed);
	for (const name of Object.keys(attributes))
		add(ownKey(name), attributes[name]!);
}

type AttributeValue = string | number | boolean;

function attribute(
	to: ProtoBuffer,
	tag: number,
	key: Uint8Array,
	value: AttributeValue,
): void {
	const pair = to.begin(tag);
	to.raw(key);
	const any = to.begin(KEY_VALUE.value);
	if (typeof value === "string") to.text(VALUE.text, value);
	else if (typeof value === "boolean") to.integer(VALUE.boolean, Number(value));
	else if (Number.isSafeInteger(value)) to.integer(VALUE.integer, value);
	else to.double(VALUE.double, value);
	to.end(any);
	to.end(pair);
}

/** The field `key` of a KeyValue. */
function keyOf(name: string): Uint8Array {
	const key = new ProtoBuffer();
	key.text(KEY_VALUE.key, name);
	return key.take();
}

const KEY = {
	because: keyOf("saccade.because"),
	text: keyOf("saccade.text"),
	link: keyOf("saccade.link"),
	pipelineName: keyOf("saccade.pipeline.name"),
	modelName: keyOf("saccade.model.name"),
	modelVersion: keyOf("saccade.model.version"),
	outcome: keyOf("saccade.outcome"),
	reason: keyOf("saccade.reason"),
	deadlineUs: keyOf("saccade.deadline_us"),
	missed: keyOf("saccade.missed"),
	batchNumber: keyOf("saccade.batch.number"),
	batchRows: keyOf("saccade.batch.rows"),
	batchRequests: keyOf("saccade.batch.requests"),
	closedBecause: keyOf("saccade.batch.closed_because"),
	predictedUs: keyOf("saccade.batch.predicted_us"),
	device: keyOf("saccade.device"),
	lane: keyOf("saccade.lane"),
	rpcSystem: keyOf("rpc.system"),
	rpcMethod: keyOf("rpc.method"),
	httpMethod: keyOf("http.request.method"),
	httpRoute: keyOf("http.route"),
} as const;

/** Of a record's own attributes, whose names are written in the code of this server. */
const ownKeys = new Map<string, Uint8Array>();

function ownKey(name: string): Uint8Array {
	let key = ownKeys.get(name);
	if (key === undefined) {
		// Those of a convention have their names already.
		key = keyOf(name.startsWith("gen_ai.") ? name : `saccade.${name}`);
		ownKeys.set(name, key);
	}
	return key;
}
