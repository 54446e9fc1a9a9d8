// Flags over SACCADE_* environment over file over defaults. Every problem is reported at once.
import { join } from "node:path";
import { isMapping } from "../common/mapping.ts";
import type { Reader } from "../common/readers.ts";
import type { OtlpProtocol } from "../telemetry/otlp/otlp-settings.ts";
import { readDevices } from "./devices.ts";
import { envNameOf } from "./env-name.ts";
import {
	IGNORED_FLAGS,
	OPTIONS,
	type OptionName,
	REFUSED_FLAGS,
	type ServerOptions,
} from "./options.ts";
import { readOtel, readSamplerRatio } from "./otel.ts";
import { readPipelines } from "./pipelines.ts";
import { readTraceConfig } from "./trace-config.ts";
import { readSections } from "./yaml.ts";

export interface Sources {
	/** Arguments after the command, `--x v` and `--x=v`. */
	readonly args: readonly string[];
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Text of `--config FILE`; null when there is none. */
	readonly fileText: string | null;
	/** Its name, for people and for paths in it. */
	readonly fileName?: string;
}

export type Resolved =
	| {
			readonly ok: true;
			readonly options: ServerOptions;
			readonly warnings: readonly string[];
	  }
	| { readonly ok: false; readonly problems: readonly string[] };

const NAME_BY_FLAG = new Map<string, OptionName>(
	(Object.keys(OPTIONS) as OptionName[]).map((name) => [
		OPTIONS[name].flag,
		name,
	]),
);
/** Of the configuration file. */
const SECTIONS = ["server", "devices", "pipelines", "steps"];

export function resolveOptions(sources: Sources): Resolved {
	const problems: string[] = [];
	const warnings: string[] = [];
	const fileName = sources.fileName ?? "configuration file";
	const sections =
		sources.fileText === null
			? {}
			: readSections(sources.fileText, fileName, SECTIONS, problems);
	const given = {
		...fromFile(sections, problems, warnings),
		...fromEnv(sources.env),
		...fromArgs(sources.args, problems, warnings),
	};
	// A wrong value is reported below, with the others.
	const strictRead = OPTIONS.strictTriton.read(given.strictTriton);
	const strict = strictRead.ok && strictRead.value;
	const options: Record<string, unknown> = {};
	for (const name of Object.keys(OPTIONS) as OptionName[]) {
		const { default: fallback, flag, unit } = OPTIONS[name];
		const strictDefault =
			"strictDefault" in OPTIONS[name] ? OPTIONS[name].strictDefault : fallback;
		const value = given[name];
		if (value === undefined) {
			options[name] = strict ? strictDefault : fallback;
			continue;
		}
		const read = (OPTIONS[name].read as Reader<unknown>)(value);
		if (read.ok) options[name] = read.value;
		else
			problems.push(
				`--${flag} (${unit}): ${read.problem}, got '${String(value)}'`,
			);
	}
	if (options["stateDir"] === "") options["stateDir"] = stateDirOf(sources.env);
	options["devices"] = readDevices(sections["devices"], problems);
	const { pipelines, stepFiles } = readPipelines(
		{
			sections,
			fileName,
			directories: (options["pipelineDirectories"] as string[]) ?? [],
		},
		problems,
	);
	options["pipelines"] = pipelines;
	options["stepFiles"] = stepFiles;
	resolveTelemetry({ options, given, env: sources.env, problems, warnings });
	options["gpuVariables"] = {
		nvidia: sources.env["NVIDIA_VISIBLE_DEVICES"],
		cuda: sources.env["CUDA_VISIBLE_DEVICES"],
	};
	if (problems.length > 0) return { ok: false, problems };
	return {
		ok: true,
		options: Object.freeze(options) as unknown as ServerOptions,
		warnings,
	};
}

/** What OpenTelemetry's own variables and Triton's option say stands behind ours. */
function resolveTelemetry(to: {
	readonly options: Record<string, unknown>;
	readonly given: Given;
	readonly env: Sources["env"];
	readonly problems: string[];
	readonly warnings: string[];
}): void {
	const { options, given, env, problems, warnings } = to;
	const { traceConfig: items = [], otlpEndpoint, otlpProtocol } = options;
	const traceConfig = readTraceConfig(
		items as readonly string[],
		problems,
		warnings,
	);
	const asked = traceConfig.ratio ?? readSamplerRatio(env, problems);
	const otlp = readOtel(
		{
			env,
			endpoint: String(otlpEndpoint ?? ""),
			protocol:
				given.otlpProtocol === undefined
					? null
					: (otlpProtocol as OtlpProtocol),
			traceConfig,
			serverName: String(options["serverName"]),
		},
		problems,
	);
	options["otlp"] = otlp;
	if (given.traceSampleRatio !== undefined) return;
	if (asked !== null) options["traceSampleRatio"] = asked;
	// Nobody would look at a share of all requests: explain tells of the slowest and the missed.
	else if ((otlp?.targets.traces ?? null) === null)
		options["traceSampleRatio"] = 0;
}

/** https://specifications.freedesktop.org/basedir-spec/latest/ */
export function stateDirOf(env: Sources["env"]): string {
	const home = env["HOME"] ?? env["USERPROFILE"] ?? ".";
	const state = env["XDG_STATE_HOME"] || join(home, ".local", "state");
	return join(state, "saccade");
}

type Given = Partial<Record<OptionName, unknown>>;

function fromArgs(
	args: readonly string[],
	problems: string[],
	warnings: string[],
): Given {
	const given: Given = {};
	for (let at = 0; at < args.length; at++) {
		const arg = args[at] ?? "";
		const match = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(arg);
		if (match === null) {
			problems.push(`'${arg}' is no option; options begin with --`);
			continue;
		}
		const flag = match[1] ?? "";
		const name = NAME_BY_FLAG.get(flag);
		let value = match[2];
		if (value === undefined && !isFollowedByOption(args, at))
			value = args[++at];
		if (name !== undefined)
			given[name] = append(given[name], value ?? "true", name);
		else if (flag === "backend-config" && value !== undefined)
			readBackendConfig(value, given, warnings);
		else tellUnbuilt(flag, `--${flag}`, problems, warnings);
	}
	return given;
}

/** Triton's `--backend-config=<backend>,<key>=<value>`, of which one key has an effect here. */
function readBackendConfig(
	text: string,
	given: Given,
	warnings: string[],
): void {
	const match = /^(?:onnxruntime)?,default-max-batch-size=(.*)$/.exec(text);
	if (match !== null) given.defaultMaxBatchSize = match[1];
	else warnings.push(`--backend-config=${text} has no effect in this version`);
}

/** An option that Triton has and this version lacks, or that nobody has. */
function tellUnbuilt(
	flag: string,
	shown: string,
	problems: string[],
	warnings: string[],
): void {
	if (IGNORED_FLAGS.has(flag))
		warnings.push(`${shown} has no effect in this version`);
	else if (REFUSED_FLAGS.has(flag))
		problems.push(
			`${shown} is not enforced in this version, so the server does not start as if it were; put a proxy that enforces it in front, and leave the option out`,
		);
	else problems.push(`${shown} is not an option${didYouMean(flag)}`);
}

function isFollowedByOption(args: readonly string[], at: number): boolean {
	const next = args[at + 1];
	return next === undefined || next.startsWith("--");
}

function append(before: unknown, value: string, name: OptionName): unknown {
	if (!Array.isArray(OPTIONS[name].default)) return value;
	return [...(Array.isArray(before) ? before : []), value];
}

function fromEnv(env: Sources["env"]): Given {
	const given: Given = {};
	for (const [flag, name] of NAME_BY_FLAG) {
		const value = env[envNameOf(flag)];
		if (value !== undefined) given[name] = value;
	}
	return given;
}

/** `server:` of `saccade.yaml`, keys as the flags are spelt. */
function fromFile(
	sections: Readonly<Record<string, unknown>>,
	problems: string[],
	warnings: string[],
): Given {
	const server = sections["server"] ?? {};
	if (!isMapping(server)) {
		problems.push("configuration file, server: options with values are needed");
		return {};
	}
	const given: Given = {};
	for (const [flag, value] of Object.entries(server)) {
		const name = NAME_BY_FLAG.get(flag);
		if (name === undefined)
			tellUnbuilt(flag, `configuration file: '${flag}'`, problems, warnings);
		else given[name] = value;
	}
	return given;
}

function didYouMean(flag: string): string {
	let best = "";
	let bestDistance = Math.min(4, flag.length / 2);
	for (const known of [...NAME_BY_FLAG.keys(), ...IGNORED_FLAGS]) {
		const distance = editDistance(flag, known);
		if (distance < bestDistance) {
			best = known;
			bestDistance = distance;
		}
	}
	return best === "" ? "" : `; did you mean --${best}?`;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
		}
		row = next;
	}
	return row[b.length] ?? 0;
}
