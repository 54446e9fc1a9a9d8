// The log: JSON lines on standard error, levels changeable while the server runs. Written at once, so that the last
// lines before an end are there to be read.
import { writeSync } from "node:fs";

/** What a line carries besides its text. */
type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** A line as data. */
export interface LogLine {
	readonly level: Exclude<LogLevel, "silent">;
	readonly unixMs: number;
	readonly text: string;
	readonly fields: LogFields;
}

export interface Logger {
	info(fields: LogFields, text: string): void;
	warn(fields: LogFields, text: string): void;
	error(fields: LogFields, text: string): void;
	/** What each request did; off unless asked for. */
	debug(fields: LogFields, text: string): void;
	/** Whether such lines are written: asked by who would compose many. */
	writes(level: LogLine["level"]): boolean;
	setLevel(level: LogLevel): void;
	/** Hears of every line that is written, from now on. */
	follow(listener: (line: LogLine) => void): void;
}

/** From the most talkative on. */
const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

export type LogLevel = (typeof LEVELS)[number];

const STANDARD_ERROR = 2;

/** @param write takes one line with its end, and how much it says */
export function createLogger(
	level: LogLevel,
	write: (line: string, level: LogLine["level"]) => void = writeToStandardError,
): Logger {
	let least = LEVELS.indexOf(level);
	const listeners: ((line: LogLine) => void)[] = [];
	const writes = (own: LogLine["level"]) => LEVELS.indexOf(own) >= least;
	const at = (own: LogLine["level"]) => (fields: LogFields, msg: string) => {
		if (!writes(own)) return;
		const now = new Date();
		const time = now.toISOString();
		write(`${JSON.stringify({ level: own, time, msg, ...fields })}\n`, own);
		for (const listener of listeners)
			listener({ level: own, unixMs: now.getTime(), text: msg, fields });
	};
	return {
		debug: at("debug"),
		info: at("info"),
		warn: at("warn"),
		error: at("error"),
		writes,
		setLevel: (next) => {
			least = LEVELS.indexOf(next);
		},
		follow: (listener) => {
			listeners.push(listener);
		},
	};
}

export function writeToStandardError(line: string): void {
	try {
		writeSync(STANDARD_ERROR, line);
	} catch {
		// Closed, or full with nobody reading: a line that cannot be written must not end or hold the server.
	}
}
