// Settings that clients may read and change while the server runs: the trace and logging extensions.
import { SaccadeError } from "../errors/saccade-error.ts";
import type { SamplingRule } from "../telemetry/tracing/model-sampling.ts";

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
const TRACE_VALUES: Readonly<Record<string, RegExp>> = {
	trace_level: /^(OFF|TIMESTAMPS|TENSORS)$/,
	trace_rate: /^\d{1,9}$/,
	trace_count: /^(-1|\d{1,9})$/,
	log_frequency: /^\d{1,9}$/,
	trace_mode: /^/,
};

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
	/** Samples by them. @default null: nobody traces */
	readonly tracing?: TraceSampling | null;
}

/** What the settings of traces have an effect on. */
export interface TraceSampling {
	/** Of the server. @param rule null: as it was configured */
	sample(rule: SamplingRule | null): void;
	/** Of one model. @param rule null: as the server */
	sampleModel(model: string, rule: SamplingRule | null): void;
	/** Traces that are still to come; Infinity: as many as come. @param model "": the server @returns null: it has no rule */
	leftCount(model: string): number | null;
}

/** Settings that say how much is traced. */
const SAMPLING_KEYS = ["trace_level", "trace_rate", "trace_count"] as const;

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
		const settings = new Map(this.#effective(model));
		const { tracing } = this.#options;
		// As Triton: how many are still to come.
		const left = tracing?.leftCount(model) ?? tracing?.leftCount("") ?? null;
		if (left !== null && left !== Number.POSITIVE_INFINITY)
			settings.set("trace_count", [String(left)]);
		return settings;
	}

	setTrace(
		model: string,
		changes: ReadonlyMap<string, readonly string[] | null>,
	): TraceSettings {
		this.#assertModel(model);
		for (const [key, values] of changes) assertTraceChange(key, values);
		if (model === "") this.#setServerTrace(changes);
		else this.#setModelTrace(model, changes);
		return this.trace(model);
	}

	#setServerTrace(changes: TraceChanges): void {
		for (const [key, values] of changes)
			this.#trace.set(key, values ?? this.#default(key));
		if (!changesSampling(changes)) return;
		const isConfigured = SAMPLING_KEYS.every(
			(key) => this.#trace.get(key)?.[0] === this.#default(key)[0],
		);
		const { tracing } = this.#options;
		tracing?.sample(
			isConfigured ? null : ruleOf(this.#trace, this.#countLeft("", changes)),
		);
		for (const model of this.#modelTrace.keys())
			this.#sampleModel(model, changes);
	}

	#setModelTrace(model: string, changes: TraceChanges): void {
		const own = this.#modelTrace.get(model) ?? new Map();
		const before = this.#hasOwnSampling(model);
		for (const [key, values] of changes)
			if (values === null) own.delete(key);
			else own.set(key, values);
		this.#modelTrace.set(model, own);
		if (!changesSampling(changes)) return;
		if (before || this.#hasOwnSampling(model))
			this.#sampleModel(model, changes);
	}

	#sampleModel(model: string, changes: TraceChanges): void {
		const rule = this.#hasOwnSampling(model)
			? ruleOf(this.#effective(model), this.#countLeft(model, changes))
			: null;
		this.#options.tracing?.sampleModel(model, rule);
	}

	/** What is left goes on being left, unless it is set anew. */
	#countLeft(model: string, changes: TraceChanges): number {
		const left = this.#options.tracing?.leftCount(model) ?? null;
		if (!changes.has("trace_count") && left !== null) return left;
		const count = Number(this.#effective(model).get("trace_count")?.[0]);
		return count < 0 ? Number.POSITIVE_INFINITY : count;
	}

	#effective(model: string): TraceSettings {
		const own = this.#modelTrace.get(model);
		if (own === undefined) return this.#trace;
		return new Map(
			[...this.#trace].map(([key, value]) => [key, own.get(key) ?? value]),
		);
	}

	#hasOwnSampling(model: string): boolean {
		const own = this.#modelTrace.get(model);
		return own !== undefined && SAMPLING_KEYS.some((key) => own.has(key));
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

type TraceChanges = ReadonlyMap<string, readonly string[] | null>;

function changesSampling(changes: TraceChanges): boolean {
	return SAMPLING_KEYS.some((key) => changes.has(key));
}

/** Triton's `trace_rate` is one of how many, and counts while a level is on. */
function ruleOf(trace: TraceSettings, count: number): SamplingRule {
	const isOn = trace.get("trace_level")?.some((level) => level !== "OFF");
	return {
		rate: isOn === true ? Number(trace.get("trace_rate")?.[0]) : 0,
		count,
	};
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
	const wrong = values.find((value) => !TRACE_VALUES[key]?.test(value));
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
