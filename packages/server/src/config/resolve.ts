// Flags over SACCADE_* environment over file over defaults. Every problem is reported at once.
import { join } from "node:path";
import type { Reader } from "../common/readers.ts";
import type { OtlpProtocol } from "../telemetry/otlp/otlp-settings.ts";
import { readDevices } from "./devices.ts";
import { fromArgs, fromEnv, fromFile, type Given } from "./given.ts";
import { OPTIONS, type OptionName, type ServerOptions } from "./options.ts";
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
