// Deadlines from all their sources, as one absolute instant.
import { SaccadeError } from "../errors/saccade-error.ts";

/** A request may wait at most this long; more is a mistake of units. */
const MAX_DEADLINE_MS = 24 * 3600 * 1000;

/** `text` in ms, from the header or a parameter, counted from `receivedUs`. Throws INVALID_ARGUMENT. */
export function deadlineFromMs(
	value: string | number,
	receivedUs: number,
	source: string,
): number {
	const ms = typeof value === "number" ? value : parse(value);
	if (!(ms > 0 && ms <= MAX_DEADLINE_MS))
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`${source} must be a number of milliseconds > 0 and ≤ ${MAX_DEADLINE_MS}, got '${value}'`,
		);
	return receivedUs + ms * 1000;
}

function parse(text: string): number {
	return /^\d{1,10}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
}
