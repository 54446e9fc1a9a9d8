// `parameters` of a model whose keys begin with `saccade.`: ours, typed, and strict, so that a misspelt one is
// found at load and not in production.
import {
	decimal,
	notNegative,
	oneOf,
	positive,
	type Read,
	type ReadBy,
	type Reader,
	share,
	text,
	triple,
	wholeNumber,
} from "../common/readers.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { SaccadeSettings, SwapSettings } from "./model-config.ts";
import {
	type DeclaredBuckets,
	readNumbersByName,
	readShapeBuckets,
} from "./shape-buckets-text.ts";

const PREFIX = "saccade.";
const MAX_LANES = 64;
const MIB = 1024 * 1024;
const MAX_SHADOW_SAMPLES = 1024;
/** They lie on the heap of the server, beside everything else. */
const MAX_SHADOW_BYTES = 1024 * MIB;

interface Setting<T> {
	readonly read: Reader<T>;
	readonly default: T;
	readonly meaning: string;
}

function setting<T>(
	read: Reader<T>,
	fallback: NoInfer<T>,
	meaning: string,
): Setting<T> {
	return { read, default: fallback, meaning };
}

const SETTINGS = {
	objective_ms: setting(
		notNegative,
		0,
		"Time in which requests without a deadline should be answered: their place in the queue, and how far batches grow for them. 0: none. They are never refused for it.",
	),
	run_mode: setting(
		oneOf("auto", "inline", "offload"),
		"auto",
		"Where runs happen: `auto` keeps those on the event loop that are measured below 50 µs.",
	),
	lanes: setting(
		wholeNumber({ max: MAX_LANES }),
		0,
		"Batches under way at once. 0: as the instance groups say, else by trying.",
	),
	weight: setting(
		positive,
		1,
		"Share of the cores while several models want them, relative to the others' weights. Deadlines decide who of them goes first.",
	),
	weights: setting(
		oneOf("auto", "mapped", "packed"),
		"auto",
		"How large weights are held on CPUs: `mapped` from the cache of prepared models, shared with other processes, `packed` in memory of the process, `auto` as measured when the model was prepared (docs/prepared-models.md).",
	),
	shape_buckets: setting<DeclaredBuckets | null>(
		readShapeBuckets,
		null,
		"Sizes to which dynamic dimensions are padded, so that requests of unlike shapes share batches: see below.",
	),
	pad_values: setting<ReadonlyMap<string, number>>(
		readNumbersByName,
		new Map(),
		"What inputs are padded with, as in `image = 114; mask = 1`. 0 for those that are not named.",
	),
	"swap.contract": setting(
		oneOf("compatible", "any"),
		"compatible",
		"What a new version must have in common with the one in service: `compatible` keeps out one that takes or gives less, or something else.",
	),
	"swap.max_slowdown": setting(
		notNegative,
		5,
		"Times that a run of a new version may take what one of the version in service takes; one that is slower is kept out. Differences below 1 ms do not count. 0: any.",
	),
	"swap.sequence_idle_s": setting(
		positive,
		10,
		"A sequence of requests (`sequence_id`) stays on the version that it began on, until it ends or is silent for so long.",
	),
	"shadow.samples": setting(
		wholeNumber({ max: MAX_SHADOW_SAMPLES }),
		0,
		"Recent requests whose inputs are kept, at most one in 50 ms, to be run through a new version and the old one before it takes over. 0: none.",
	),
	"shadow.max_bytes": setting(
		wholeNumber({ min: 1, max: MAX_SHADOW_BYTES }),
		16 * MIB,
		"Memory for them; larger requests are passed over.",
	),
	"shadow.tolerance": setting<ReadonlyMap<string, number>>(
		readNumbersByName,
		new Map(),
		"How far outputs of a new version may be from the old one's, as in `scores = 0.01; boxes = 2`: the largest |new − old| / max(1, |old|). Outputs that are not named are compared and reported.",
	),
	"canary.weight": setting(
		share,
		0,
		"Share of the requests that a new version answers before it takes over. 0: it takes over at once.",
	),
	"canary.seconds": setting(positive, 60, "How long that lasts at least."),
	"canary.max_seconds": setting(
		positive,
		600,
		"How long it lasts at most: without `canary.requests` until then the old version stays.",
	),
	"canary.requests": setting(
		wholeNumber({ min: 1 }),
		100,
		"Requests that the new version must have answered to be judged.",
	),
	"canary.max_error_rate": setting(
		share,
		0.01,
		"By how much its share of failed requests may be above the old version's; beyond it the old version stays.",
	),
	"canary.max_slowdown": setting(
		positive,
		1.5,
		"Times that its p95 may be the old version's; beyond it the old version stays.",
	),
	generative: setting(
		text,
		"",
		"Output whose elements are tokens that the model generates. The model then has `llm_*` metrics and the attributes of OpenTelemetry's GenAI conventions. Empty: it does not generate.",
	),
	"generative.prompt": setting(
		text,
		"",
		"Input whose elements are the tokens of the prompt. Empty: they are not counted.",
	),
	"input.channels": setting(
		oneOf("rgb", "bgr"),
		"rgb",
		"Order of a picture's channels in the input.",
	),
	"input.scale": setting(
		positive,
		1 / 255,
		"What an octet of a picture is multiplied by.",
	),
	"input.mean": setting(
		triple(decimal),
		[0, 0, 0],
		"Taken away from each channel after scaling.",
	),
	"input.std": setting(
		triple(positive),
		[1, 1, 1],
		"What each channel is divided by then.",
	),
} as const;

/** Key, default and meaning of every setting, for the documents. */
export function describeSaccadeSettings(): readonly (readonly [
	key: string,
	fallback: string,
	meaning: string,
])[] {
	return Object.entries(SETTINGS).map(([key, known]) => [
		PREFIX + key,
		defaultText(key, known.default),
		known.meaning,
	]);
}

function defaultText(key: string, value: unknown): string {
	if (key === "input.scale") return "1/255";
	if (value === null || value instanceof Map) return "none";
	if (key === "shadow.max_bytes") return "16 MiB";
	return String(value);
}

type Settings = {
	[Key in keyof typeof SETTINGS]: ReadBy<(typeof SETTINGS)[Key]["read"]>;
};

export function isSaccadeParameter(key: string): boolean {
	return key.startsWith(PREFIX);
}

/** Throws LOAD_FAILED naming every key that is unknown or wrong. */
export function parseSaccadeSettings(
	parameters: ReadonlyMap<string, string>,
): SaccadeSettings {
	const settings = Object.fromEntries(
		Object.entries(SETTINGS).map(([key, known]) => [key, known.default]),
	) as Settings;
	const problems: string[] = [];
	for (const [name, text] of parameters) {
		if (!isSaccadeParameter(name)) continue;
		const key = name.slice(PREFIX.length);
		const read = readSetting(key, text);
		if (read.ok) Object.assign(settings, { [key]: read.value });
		else problems.push(read.problem);
	}
	if (problems.length > 0)
		throw new SaccadeError("LOAD_FAILED", problems.join("; "));
	return {
		objectiveUs: settings.objective_ms * 1000,
		runMode: settings.run_mode,
		generative:
			settings.generative === ""
				? null
				: {
						output: settings.generative,
						prompt: settings["generative.prompt"],
					},
		lanes: settings.lanes,
		weight: settings.weight,
		weights: settings.weights,
		shapeBuckets: settings.shape_buckets,
		padValues: settings.pad_values,
		picture: {
			channels: settings["input.channels"],
			scale: settings["input.scale"],
			mean: settings["input.mean"],
			std: settings["input.std"],
		},
		swap: swapOf(settings),
	};
}

function swapOf(settings: Settings): SwapSettings {
	const secondsUs = (key: SecondsKey) => settings[key] * 1e6;
	return {
		contract: settings["swap.contract"],
		maxSlowdown: settings["swap.max_slowdown"],
		sequenceIdleUs: secondsUs("swap.sequence_idle_s"),
		shadow: {
			sampleCount: settings["shadow.samples"],
			maxBytes: settings["shadow.max_bytes"],
			tolerances: settings["shadow.tolerance"],
		},
		canary: {
			weight: settings["canary.weight"],
			leastUs: secondsUs("canary.seconds"),
			mostUs: secondsUs("canary.max_seconds"),
			leastRequests: settings["canary.requests"],
			maxErrorRate: settings["canary.max_error_rate"],
			maxSlowdown: settings["canary.max_slowdown"],
		},
	};
}

type SecondsKey =
	| "swap.sequence_idle_s"
	| "canary.seconds"
	| "canary.max_seconds";

function readSetting(key: string, text: string): Read<unknown> {
	const name = PREFIX + key;
	if (!Object.hasOwn(SETTINGS, key)) {
		const known = Object.keys(SETTINGS).map((other) => PREFIX + other);
		const problem = `unknown parameter '${name}' (known: ${known.join(", ")})`;
		return { ok: false, problem };
	}
	const read = SETTINGS[key as keyof typeof SETTINGS].read(text);
	if (read.ok) return read;
	return { ok: false, problem: `'${name}': ${read.problem}, got '${text}'` };
}
