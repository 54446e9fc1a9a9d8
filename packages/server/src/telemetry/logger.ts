// The log: JSON lines on standard error, levels changeable while the server runs. Written at once, so that the last
// lines before an end are there to be read.
import { writeSync } from "node:fs";

/** What a line carries besides its text. */
type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Logger {
	info(fields: LogFields, text: string): void;
	warn(fields: LogFields, text: string): void;
	error(fields: LogFields, text: string): void;
	/** What each request did; off unless asked for. */
	debug(fields: LogFields, text: string): void;
	setLevel(level: LogLevel): void;
}

/** From the most talkative on. */
const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

export type LogLevel = (typeof LEVELS)[number];

const STANDARD_ERROR = 2;

/** @param write takes one line with its end */
export function createLogger(
	level: LogLevel,
	write: (line: string) => void = writeToStandardError,
): Logger {
	let least = LEVELS.indexOf(level);
	const at = (own: LogLevel) => (fields: LogFields, msg: string) => {
		if (LEVELS.indexOf(own) < least) return;
		const time = new Date().toISOString();
		write(`${JSON.stringify({ level: own, time, msg, ...fields })}\n`);
	};
	return {
		debug: at("debug"),
		info: at("info"),
		warn: at("warn"),
		error: at("error"),
		setLevel: (next) => {
			least = LEVELS.indexOf(next);
		},
	};
}

function writeToStandardError(line: string): void {
	try {
		writeSync(STANDARD_ERROR, line);
	} catch {
		// Closed, or full with nobody reading: a line that cannot be written must not end or hold the server.
	}
}
