// Settings that clients may read and change while the server runs: the trace and logging extensions.
import { SaccadeError } from "../errors/saccade-error.ts";

export type TraceSettings = ReadonlyMap<string, readonly string[]>;
export type LogValue = string | boolean | number;
export type LogSettings = ReadonlyMap<string, LogValue>;

export interface SettingsService {
	/** Effective settings of the server (""), or of one model. */
	trace(model: string): TraceSettings;
	/** Null resets a value to the server's. Returns the effective settings. */
	setTrace(
		model: string,
		changes: ReadonlyMap<string, readonly string[] | null>,
	): TraceSettings;
	logging(): LogSettings;
	setLogging(changes: ReadonlyMap<string, unknown>): LogSettings;
}

/** In the order in which Triton prints them: clients compare the text. */
const TRACE_DEFAULTS: readonly (readonly [string, readonly string[]])[] = [
	["trace_level", ["OFF"]],
	["trace_rate", ["1000"]],
	["trace_count", ["-1"]],
	["log_frequency", ["0"]],
	["trace_file", [""]],
	["trace_mode", ["triton"]],
];
const TRACE_LEVELS: ReadonlySet<string> = new Set([
	"OFF",
	"TIMESTAMPS",
	"TENSORS",
]);

const LOG_DEFAULTS: readonly (readonly [string, LogValue])[] = [
	["log_file", ""],
	["log_info", true],
	["log_warning", true],
	["log_error", true],
	["log_verbose_level", 0],
	["log_format", "default"],
];

export interface SettingsOptions {
	readonly modelExists: (name: string) => boolean;
	/** Called after every change. */
	readonly onLogging: (settings: LogSettings) => void;
	/** Where traces are sent, what is so from the start; @default Triton's, which traces nothing */
	readonly trace?: Readonly<Record<string, string>>;
	/** Called after every change of the server's own. @param ratio share to trace; null: as it was configured */
	readonly onTrace?: (ratio: number | null) => void;
}

export class MemorySettings implements SettingsService {
	readonly #options: SettingsOptions;
	readonly #trace = new Map<string, readonly string[]>(TRACE_DEFAULTS);
	readonly #modelTrace = new Map<string, Map<string, readonly string[]>>();
	readonly #logging = new Map<string, LogValue>(LOG_DEFAULTS);

	constructor(options: SettingsOptions) {
		this.#options = options;
		for (const [key, value] of Object.entries(options.trace ?? {}))
			this.#trace.set(key, [value]);
	}

	trace(model: string): TraceSettings {
		this.#assertModel(model);
		const own = this.#modelTrace.get(model);
		return new Map(
			[...this.#trace].map(([key, value]) => [key, own?.get(key) ?? value]),
		);
	}

	setTrace(
		model: string,
		changes: ReadonlyMap<string, readonly string[] | null>,
	): TraceSettings {
		this.#assertModel(model);
		for (const [key, values] of changes) assertTraceChange(key, values);
		if (model === "") {
			for (const [key, values] of changes)
				this.#trace.set(key, values ?? this.#default(key));
			this.#options.onTrace?.(ratioOf(this.#trace));
			return this.trace("");
		}
		const own = this.#modelTrace.get(model) ?? new Map();
		for (const [key, values] of changes)
			if (values === null) own.delete(key);
			else own.set(key, values);
		this.#modelTrace.set(model, own);
		return this.trace(model);
	}

	#default(key: string): readonly string[] {
		const own = this.#options.trace?.[key];
		return own === undefined ? (new Map(TRACE_DEFAULTS).get(key) ?? []) : [own];
	}

	logging(): LogSettings {
		return new Map(this.#logging);
	}

	setLogging(changes: ReadonlyMap<string, unknown>): LogSettings {
		const checked = [...changes].map(
			([key, value]) => [key, checkedLogValue(key, value)] as const,
		);
		for (const [key, value] of checked) this.#logging.set(key, value);
		this.#options.onLogging(this.#logging);
		return this.logging();
	}

	#assertModel(model: string): void {
		if (model !== "" && !this.#options.modelExists(model))
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`Request for unknown model : ${model}`,
			);
	}
}

/** Triton's `trace_rate` is one of how many, and counts while a level is on. */
function ratioOf(trace: TraceSettings): number | null {
	const isOn = trace.get("trace_level")?.some((level) => level !== "OFF");
	const rate = Number(trace.get("trace_rate")?.[0]);
	return isOn === true && rate > 0 ? 1 / rate : null;
}

function assertTraceChange(
	key: string,
	values: readonly string[] | null,
): void {
	if (!TRACE_DEFAULTS.some(([name]) => name === key))
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`unknown trace setting '${key}'; known are ${TRACE_DEFAULTS.map(([name]) => name).join(", ")}`,
		);
	if (key === "trace_file")
		throw new SaccadeError(
			"UNSUPPORTED",
			"trace file location can not be updated through network protocol",
		);
	if (values === null) return;
	const wrong =
		key === "trace_level"
			? values.find((value) => !TRACE_LEVELS.has(value))
			: values.find((value) => key !== "trace_mode" && !/^-?\d+$/.test(value));
	if (wrong !== undefined)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`'${wrong}' is no value of trace setting '${key}'`,
		);
}

function checkedLogValue(key: string, value: unknown): LogValue {
	const known = LOG_DEFAULTS.find(([name]) => name === key)?.[1];
	if (known === undefined)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`unknown log setting '${key}'; known are ${LOG_DEFAULTS.map(([name]) => name).join(", ")}`,
		);
	if (key === "log_file")
		throw new SaccadeError(
			"UNSUPPORTED",
			"log file location can not be updated through network protocol",
		);
	const isFormat =
		key !== "log_format" || value === "default" || value === "ISO8601";
	const isLevel =
		typeof value !== "number" || (Number.isInteger(value) && value >= 0);
	if (typeof value !== typeof known || !isFormat || !isLevel)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`log setting '${key}' takes a ${typeof known}, got '${String(value)}'`,
		);
	return value as LogValue;
}
