// `parameters` of a model whose keys begin with `saccade.`: ours, typed, and strict, so that a misspelt one is
// found at load and not in production.
import {
	decimal,
	oneOf,
	positive,
	type Read,
	type ReadBy,
	type Reader,
	triple,
	wholeNumber,
} from "../common/readers.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { SaccadeSettings } from "./model-config.ts";
import {
	type DeclaredBuckets,
	readPadValues,
	readShapeBuckets,
} from "./shape-buckets-text.ts";

const PREFIX = "saccade.";
const MAX_LANES = 64;

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
		decimal,
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
		readPadValues,
		new Map(),
		"What inputs are padded with, as in `image = 114; mask = 1`. 0 for those that are not named.",
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
	if (settings.objective_ms < 0)
		throw new SaccadeError(
			"LOAD_FAILED",
			`'saccade.objective_ms' is a time of 0 ms or more, got '${settings.objective_ms}'`,
		);
	return {
		objectiveUs: settings.objective_ms * 1000,
		runMode: settings.run_mode,
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
	};
}

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
