// Parameters of a request: those that Saccade reads itself, and the rest, which goes with the request.
import { PARAMETER } from "@saccade/protocol";
import { deadlineFromMs } from "../../endpoint/deadline.ts";
import type {
	CallContext,
	InferRequest,
	Parameters,
	ParameterValue,
	SequenceInfo,
} from "../../endpoint/endpoint.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { asObject } from "./json/fields.ts";
import type { JsonValue } from "./json/tolerant-json.ts";

/** What the parameters and the head say about how a request is served. Throws INVALID_ARGUMENT. */
export function requestOptions(
	parameters: Parameters | null,
	context: CallContext,
): Pick<
	InferRequest,
	| "parameters"
	| "priority"
	| "timeoutUs"
	| "sequence"
	| "deadlineUs"
	| "receivedUs"
> {
	const { deadlineUs, receivedUs } = context;
	return {
		parameters: passedThrough(parameters),
		priority: countOf(parameters, PARAMETER.priority),
		timeoutUs: countOf(parameters, PARAMETER.timeout),
		sequence: sequenceOf(parameters),
		deadlineUs: Math.min(deadlineUs, ownDeadlineUs(parameters, receivedUs)),
		receivedUs,
	};
}

/** Infinity when the parameters say nothing of it. */
function ownDeadlineUs(
	parameters: Parameters | null,
	receivedUs: number,
): number {
	const value = parameters?.get(PARAMETER.deadlineMs);
	if (value === undefined) return Number.POSITIVE_INFINITY;
	if (typeof value !== "number" && typeof value !== "bigint")
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`parameter '${PARAMETER.deadlineMs}' must be a number, got '${value}'`,
		);
	return deadlineFromMs(Number(value), receivedUs, PARAMETER.deadlineMs);
}

/** As over gRPC: more serve nobody. */
const MAX_PARAMETER_COUNT = 1000;

export function readParameters(
	value: JsonValue | undefined,
): Parameters | null {
	if (value === undefined) return null;
	const entries = Object.entries(asObject(value, "'parameters'"));
	if (entries.length > MAX_PARAMETER_COUNT)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`${entries.length} parameters, the most is ${MAX_PARAMETER_COUNT}`,
		);
	const parameters = new Map<string, ParameterValue>();
	for (const [key, item] of entries) {
		if (
			key.startsWith("triton_") &&
			key !== PARAMETER.tritonEnableEmptyFinalResponse
		)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				"parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.",
			);
		if (item === null || typeof item === "object")
			throw new SaccadeError(
				"MALFORMED",
				`parameter '${key}' must be a string, a number or a boolean`,
			);
		parameters.set(key, item);
	}
	return parameters.size === 0 ? null : parameters;
}

const KNOWN: ReadonlySet<string> = new Set([
	PARAMETER.binaryDataOutput,
	PARAMETER.priority,
	PARAMETER.timeout,
	PARAMETER.deadlineMs,
	PARAMETER.sequenceId,
	PARAMETER.sequenceStart,
	PARAMETER.sequenceEnd,
]);

function passedThrough(parameters: Parameters | null): Parameters | null {
	const others = [...(parameters ?? [])].filter(([key]) => !KNOWN.has(key));
	return others.length === 0 ? null : new Map(others);
}

function countOf(parameters: Parameters | null, name: string): number {
	const value = parameters?.get(name);
	if (value === undefined) return 0;
	const count = wholeNumber(value);
	if (count === null)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`parameter '${name}' must be an unsigned integer, got '${String(value)}'`,
		);
	return count;
}

/** An integer ≥ 0 that a double holds; null for anything else. */
export function wholeNumber(value: ParameterValue): number | null {
	return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
		? value
		: null;
}

function sequenceOf(parameters: Parameters | null): SequenceInfo | null {
	const id = parameters?.get(PARAMETER.sequenceId);
	if (id === undefined || id === 0 || id === "") return null;
	if (
		typeof id === "boolean" ||
		(typeof id === "number" && !Number.isInteger(id))
	)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`parameter 'sequence_id' must be an integer or a string, got '${id}'`,
		);
	return {
		id: typeof id === "number" ? BigInt(id) : id,
		start: parameters?.get(PARAMETER.sequenceStart) === true,
		end: parameters?.get(PARAMETER.sequenceEnd) === true,
	};
}
