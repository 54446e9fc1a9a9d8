// W3C Trace Context: the caller's place in a trace, as it comes in a head or with a reading.
// https://www.w3.org/TR/trace-context/
//
// What is malformed is no context: the request is served as if there were none (4.3 of the specification).

/** Where in whose trace the work is done. */
export interface TraceContext {
	/** 32 lower-case hex digits, not all zero. */
	readonly traceId: string;
	/** 16 lower-case hex digits, not all zero. */
	readonly spanId: string;
	/** The caller records this trace. */
	readonly isSampled: boolean;
	/** Of the vendors on the way, as it came; "" when there is none, or when it breaks the rules. */
	readonly tracestate: string;
}

/** Longest `tracestate` that is passed on; the specification asks for 512 at least. */
const MAX_STATE_LENGTH = 512;
const MAX_MEMBERS = 32;

const TRACEPARENT =
	/^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);
const SAMPLED = 1;

/** Key and value of a member: 3.3.1.3 of the specification. */
const MEMBER =
	/^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** Null: there is none, or it is malformed. */
export function parseTraceContext(
	traceparent: string | undefined,
	tracestate: string | undefined,
): TraceContext | null {
	if (traceparent === undefined || traceparent.length > 256) return null;
	const match = TRACEPARENT.exec(traceparent.trim());
	if (match === null) return null;
	const [, version = "", traceId = "", spanId = "", flags = "", more] = match;
	// Version ff is forbidden; version 00 has exactly four fields, later ones may have more.
	if (version === "ff" || (version === "00" && more !== undefined)) return null;
	if (traceId === NO_TRACE || spanId === NO_SPAN) return null;
	return {
		traceId,
		spanId,
		isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0,
		tracestate: readState(tracestate),
	};
}

export function formatTraceparent(context: {
	readonly traceId: string;
	readonly spanId: string;
	readonly isSampled: boolean;
}): string {
	const { traceId, spanId, isSampled } = context;
	return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

/** Whether `text` is a trace id as this server writes it. */
export function isTraceId(text: string): boolean {
	return /^[0-9a-f]{32}$/.test(text) && text !== NO_TRACE;
}

/** As it came when every member keeps to the rules, else nothing: half of a state would mislead its owner. */
function readState(text: string | undefined): string {
	if (text === undefined || text.length > MAX_STATE_LENGTH) return "";
	const members = text
		.split(",")
		.map((member) => member.trim())
		.filter((member) => member !== "");
	if (members.length > MAX_MEMBERS) return "";
	const keys = new Set(members.map((member) => member.split("=")[0]));
	const isValid =
		keys.size === members.length && members.every((one) => MEMBER.test(one));
	return isValid ? members.join(",") : "";
}
