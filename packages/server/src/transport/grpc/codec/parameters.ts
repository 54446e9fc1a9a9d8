// InferParameter maps, and the parameters that mean something to the server.
import { PARAMETER } from "@saccade/protocol";
import type {
	Parameters,
	ParameterValue,
	SequenceInfo,
} from "../../../endpoint/endpoint.ts";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import { malformed, WIRE, type WireReader } from "../../../wire/wire-reader.ts";

/** More parameters than this serve nobody. */
const MAX_PARAMETERS = 1000;

const RESERVED_PREFIX = "triton_";

/** Reads one entry of `map<string, InferParameter>` into `into`. */
export function readParameter(
	entry: WireReader,
	into: Map<string, ParameterValue>,
): void {
	let key = "";
	let value: ParameterValue | null = null;
	while (entry.hasMore) {
		const tag = entry.tag();
		if (tag === ((1 << 3) | WIRE.LEN)) key = entry.string();
		else if (tag === ((2 << 3) | WIRE.LEN)) value = readValue(entry.message());
		else entry.skip(tag);
	}
	if (value === null) return;
	if (into.size >= MAX_PARAMETERS)
		throw malformed(`more than ${MAX_PARAMETERS} parameters`);
	into.set(key, value);
}

function readValue(reader: WireReader): ParameterValue | null {
	let value: ParameterValue | null = null;
	while (reader.hasMore) {
		const tag = reader.tag();
		switch (tag) {
			case (1 << 3) | WIRE.VARINT:
				value = reader.varint64() !== 0n;
				break;
			case (2 << 3) | WIRE.VARINT:
				value = BigInt.asIntN(64, reader.varint64());
				break;
			case (3 << 3) | WIRE.LEN:
				value = reader.string();
				break;
			case (4 << 3) | WIRE.I64:
				value = reader.double();
				break;
			case (5 << 3) | WIRE.VARINT:
				value = reader.varint64();
				break;
			default:
				reader.skip(tag);
		}
	}
	return value;
}

/** Request parameters with a meaning of their own, taken out of the others. */
export interface KnownParameters {
	readonly priority: number;
	readonly timeoutUs: number;
	/** NaN when absent. */
	readonly deadlineMs: number;
	readonly sequence: SequenceInfo | null;
	/** What is left; null when nothing is. */
	readonly others: Parameters | null;
}

const NONE: KnownParameters = {
	priority: 0,
	timeoutUs: 0,
	deadlineMs: Number.NaN,
	sequence: null,
	others: null,
};

/** Throws INVALID_ARGUMENT for values of the wrong type. */
export function takeKnownParameters(
	parameters: ReadonlyMap<string, ParameterValue> | null,
): KnownParameters {
	if (parameters === null || parameters.size === 0) return NONE;
	const others = new Map(parameters);
	const take = (name: string) => {
		const value = others.get(name);
		others.delete(name);
		return value;
	};
	const priority = countOf(take(PARAMETER.priority), PARAMETER.priority);
	const timeoutUs = countOf(take(PARAMETER.timeout), PARAMETER.timeout);
	const deadlineMs = numberOf(take(PARAMETER.deadlineMs), PARAMETER.deadlineMs);
	const id = take(PARAMETER.sequenceId);
	const start = take(PARAMETER.sequenceStart) === true;
	const end = take(PARAMETER.sequenceEnd) === true;
	assertNotReserved(others);
	return {
		priority,
		timeoutUs,
		deadlineMs,
		sequence: sequenceOf(id, start, end),
		others: others.size === 0 ? null : others,
	};
}

function countOf(value: ParameterValue | undefined, name: string): number {
	if (value === undefined) return 0;
	const count = Number(value);
	const isCount =
		(typeof value === "bigint" || typeof value === "number") &&
		Number.isSafeInteger(count) &&
		count >= 0;
	if (!isCount)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`parameter '${name}' must be an unsigned integer, got '${String(value)}'`,
		);
	return count;
}

/** NaN when absent. */
function numberOf(value: ParameterValue | undefined, name: string): number {
	if (value === undefined) return Number.NaN;
	const isNumeric = typeof value === "bigint" || typeof value === "number";
	if (isNumeric && !Number.isNaN(value)) return Number(value);
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`parameter '${name}' must be a number, got '${String(value)}'`,
	);
}

function assertNotReserved(parameters: Map<string, ParameterValue>): void {
	for (const key of parameters.keys())
		if (
			key.startsWith(RESERVED_PREFIX) &&
			key !== PARAMETER.tritonEnableEmptyFinalResponse
		)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				"parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.",
			);
}

function sequenceOf(
	id: ParameterValue | undefined,
	start: boolean,
	end: boolean,
): SequenceInfo | null {
	if (id === undefined || id === "" || id === 0n) return null;
	if (typeof id === "string" || typeof id === "bigint")
		return { id, start, end };
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`parameter 'sequence_id' must be an integer or a string, got '${String(id)}'`,
	);
}
