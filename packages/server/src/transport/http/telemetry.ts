// POST /saccade/v1/telemetry: one reading as JSON, its outcome as JSON. For devices that hold no stream open, and to
// compare with those that do.
import type { CallContext, UnaryEndpoint } from "../../endpoint/endpoint.ts";
import type { PostedOutcome, PostedReading } from "../../endpoint/endpoints.ts";
import { callerOf } from "../../endpoint/tracing.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { answerJson } from "./answer.ts";
import { type JsonObject, stringOf } from "./json/fields.ts";

const MAX_INT64 = 2n ** 63n - 1n;

/** Status of an outcome; the body says the rest. */
const STATUS: Readonly<Record<PostedOutcome["outcome"], number>> = {
	RESULT: 200,
	SUPERSEDED: 409,
	EXPIRED: 504,
	SHED: 503,
	BREAKER_OPEN: 503,
	INVALID: 400,
	CANCELLED: 499,
	FAILED: 500,
};

export async function postTelemetry(
	endpoint: UnaryEndpoint<PostedReading, PostedOutcome>,
	context: CallContext,
	body: JsonObject,
	exchange: Parameters<typeof answerJson>[0],
): Promise<void> {
	const reading = {
		...readingOf(body, context),
		trace: callerOf((name) => exchange.header(name)),
	};
	const { outcome, reason, detail, decision, ageUs } = await endpoint.run(
		context,
		reading,
	);
	const { timestampNs } = reading;
	answerJson(exchange, STATUS[outcome], {
		timestamp_ns: String(timestampNs),
		device_id: reading.deviceId,
		outcome,
		...(reason !== null && { reason, error: detail }),
		...(decision !== null && {
			decision: {
				action: decision.action,
				reasons: decision.reasons,
				valid_until_ns: String(
					timestampNs + BigInt(Math.round(decision.validForUs * 1000)),
				),
			},
		}),
		age_ns: Math.round(ageUs * 1000),
	});
}

/** Names as in SensorReading; integers of 64 bits as numbers or, as protobuf's JSON has them, as strings. */
function readingOf(body: JsonObject, context: CallContext): PostedReading {
	const sequence = integerOf(body, "sequence", 0n);
	return {
		timestampNs: integerOf(body, "timestamp_ns", null),
		deviceId: stringOf(body["device_id"], "device_id"),
		value: numberOf(body, "value"),
		sequence: Number(sequence),
		budgetUs: Number(integerOf(body, "deadline_ns", 0n)) / 1000,
		receivedUs: context.receivedUs,
	};
}

/** @param absent what it is when it is not there; null: it must be */
function integerOf(
	body: JsonObject,
	field: string,
	absent: bigint | null,
): bigint {
	const value = body[field];
	if (value === undefined && absent !== null) return absent;
	const text = typeof value === "object" ? "" : String(value);
	const integer = /^-?\d{1,19}$/.test(text) ? BigInt(text) : null;
	if (integer !== null && integer <= MAX_INT64 && integer >= -MAX_INT64)
		return integer;
	throw malformed(field, "an integer of 64 bits");
}

function numberOf(body: JsonObject, field: string): number {
	const value = body[field];
	if (typeof value === "number" || typeof value === "bigint")
		return Number(value);
	throw malformed(field, "a number");
}

function malformed(field: string, what: string): SaccadeError {
	return new SaccadeError("MALFORMED", `'${field}' must be ${what}`);
}
