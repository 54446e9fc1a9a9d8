// The log: JSON lines on standard error, levels changeable while the server runs.
import pino from "pino";

export interface Logger {
	info(fields: Readonly<Record<string, unknown>>, text: string): void;
	warn(fields: Readonly<Record<string, unknown>>, text: string): void;
	error(fields: Readonly<Record<string, unknown>>, text: string): void;
	/** What each request did; off unless asked for. */
	debug(fields: Readonly<Record<string, unknown>>, text: string): void;
	setLevel(level: LogLevel): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export function createLogger(level: LogLevel): Logger {
	const log = pino(
		{
			level,
			base: null,
			timestamp: pino.stdTimeFunctions.isoTime,
			formatters: { level: (label) => ({ level: label }) },
		},
		pino.destination({ dest: 2, sync: true }),
	);
	return {
		info: (fields, text) => log.info(fields, text),
		warn: (fields, text) => log.warn(fields, text),
		error: (fields, text) => log.error(fields, text),
		debug: (fields, text) => log.debug(fields, text),
		setLevel: (next) => {
			log.level = next;
		},
	};
}
