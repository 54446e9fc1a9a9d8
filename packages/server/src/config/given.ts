// What flags, the environment and the file each give, by the name of the option; and what is said of an option that
// nobody has.
import { isMapping } from "../common/mapping.ts";
import { editDistance } from "./edit-distance.ts";
import { envNameOf } from "./env-name.ts";
import { IGNORED_FLAGS, REFUSED_FLAGS } from "./options/triton-flags.ts";
import { OPTIONS, type OptionName } from "./options.ts";

/** As it was given, not read yet. */
export type Given = Partial<Record<OptionName, unknown>>;

const NAME_BY_FLAG = new Map<string, OptionName>(
	(Object.keys(OPTIONS) as OptionName[]).map((name) => [
		OPTIONS[name].flag,
		name,
	]),
);

export function fromArgs(
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

export function fromEnv(
	env: Readonly<Record<string, string | undefined>>,
): Given {
	const given: Given = {};
	for (const [flag, name] of NAME_BY_FLAG) {
		const value = env[envNameOf(flag)];
		if (value !== undefined) given[name] = value;
	}
	return given;
}

/** `server:` of `saccade.yaml`, keys as the flags are spelt. */
export function fromFile(
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
