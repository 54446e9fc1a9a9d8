// Triton's repository layout on disk, read once per poll:
//
//   <repository>/<model>/config.pbtxt            optional
//   <repository>/<model>/configs/<name>.pbtxt    in its place, where the server was started for that name
//   <repository>/<model>/<labels>.txt            optional
//   <repository>/<model>/<version>/model.onnx    version: digits without a leading zero
//   <repository>/<model>/<version>/config.pbtxt  what this version has otherwise than the model; optional
import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { basename, isAbsolute, join, relative, resolve, sep } from "node:path";
import { isSaccadeError, SaccadeError } from "../errors/saccade-error.ts";
import { MAX_CONFIG_BYTES } from "./config-text.ts";
import type { VersionPolicy } from "./model-config.ts";

const VERSION = /^(0|[1-9]\d{0,17})$/;
const CONFIG_FILE = "config.pbtxt";
const CONFIG_DIRECTORY = "configs";
/** As long as a file's name may be. */
const MAX_NAME_LENGTH = 255;
/** A label file is a list of names; more is a mistake. */
const MAX_LABEL_BYTES = 16 * 1024 * 1024;

export interface ModelDirectory {
	/** As the server calls it. */
	readonly name: string;
	/** As its directory is called, and its configuration if it names it. */
	readonly ownName: string;
	readonly path: string;
	/** Ascending. */
	readonly versions: readonly number[];
	/** Null: there is no `config.pbtxt`, and none of the name that was asked for. */
	readonly configText: string | null;
	/** Of versions that have a configuration of their own. */
	readonly versionConfigs: ReadonlyMap<number, string>;
	/** Version-like directories that were passed over, and why, for the log. */
	readonly warnings: readonly string[];
}

/** Names of the model directories of a repository. Throws LOAD_FAILED when it cannot be read. */
export async function listModels(repository: string): Promise<string[]> {
	try {
		const entries = await readdir(repository);
		const kinds = await Promise.all(
			entries.map((name) => isDirectory(join(repository, name))),
		);
		return entries
			.filter((name, index) => kinds[index] === true && !name.startsWith("."))
			.sort();
	} catch (cause) {
		throw new SaccadeError(
			"LOAD_FAILED",
			`the model repository ${repository} cannot be read (${codeOf(cause)}); create it, or name another with --model-repository`,
			{ cause },
		);
	}
}

/** Throws LOAD_FAILED for a name that leaves the repository. */
export function assertModelName(name: string): void {
	if (
		name === "" ||
		name === "." ||
		name === ".." ||
		name.length > MAX_NAME_LENGTH ||
		/[/\\\0]/.test(name)
	)
		throw new SaccadeError(
			"LOAD_FAILED",
			`'${name.slice(0, 100)}' is no model name`,
		);
}

/**
 * Null when the repository has no such model. Throws LOAD_FAILED for a name that leaves the repository.
 * @param configName of the configuration that stands in place of `config.pbtxt` where the model has it; empty: none
 */
export async function readModelDirectory(
	repository: string,
	name: string,
	configName = "",
): Promise<ModelDirectory | null> {
	assertModelName(name);
	const path = join(repository, name);
	if (!(await isDirectory(path))) return null;
	const entries = await readdir(path);
	const warnings: string[] = [];
	const versions: number[] = [];
	for (const entry of entries) {
		if (!/^\d+$/.test(entry) || !(await isDirectory(join(path, entry))))
			continue;
		if (VERSION.test(entry)) versions.push(Number(entry));
		else
			warnings.push(
				`version directory '${entry}' of model '${name}' is ignored: leading zeros are not allowed`,
			);
	}
	return {
		name,
		ownName: name,
		path,
		versions: versions.sort((a, b) => a - b),
		configText: await readModelConfig(path, name, configName),
		versionConfigs: await readVersionConfigs(path, name, versions),
		warnings,
	};
}

/** What configures a version: the model's text, and its own. */
export function configTextsOf(
	{ configText, versionConfigs }: ModelDirectory,
	version: number,
): string[] {
	const texts = [configText, versionConfigs.get(version) ?? null];
	return texts.filter((text) => text !== null);
}

async function readModelConfig(
	path: string,
	model: string,
	configName: string,
): Promise<string | null> {
	if (configName !== "") {
		const alternative = join(path, CONFIG_DIRECTORY, `${configName}.pbtxt`);
		const text = await readConfigText(alternative, model);
		if (text !== null) return text;
	}
	return readConfigText(join(path, CONFIG_FILE), model);
}

async function readVersionConfigs(
	path: string,
	model: string,
	versions: readonly number[],
): Promise<Map<number, string>> {
	const texts = new Map<number, string>();
	for (const version of versions) {
		const file = join(path, String(version), CONFIG_FILE);
		const text = await readConfigText(file, model);
		if (text !== null) texts.set(version, text);
	}
	return texts;
}

/** Null: there is none. Never more of it in memory than a configuration may have. */
async function readConfigText(
	path: string,
	model: string,
): Promise<string | null> {
	// A link whose target is not there is no missing file: without its configuration a model is another one.
	if (!(await exists(path))) return null;
	try {
		const { size } = await stat(path);
		if (size <= MAX_CONFIG_BYTES) return await readFile(path, "utf8");
		throw new SaccadeError(
			"LOAD_FAILED",
			`${basename(path)} of model '${model}' has ${size} bytes; a configuration has at most ${MAX_CONFIG_BYTES}`,
		);
	} catch (error) {
		if (isSaccadeError(error)) throw error;
		throw new SaccadeError(
			"LOAD_FAILED",
			`${path} cannot be read (${codeOf(error)}); mend its rights, or the link`,
			{ cause: error },
		);
	}
}

async function exists(path: string): Promise<boolean> {
	return lstat(path).then(
		() => true,
		(error) => !["ENOENT", "ENOTDIR"].includes(codeOf(error)),
	);
}

/** The versions that `policy` serves. Throws LOAD_FAILED when none is left. */
export function selectVersions(
	available: readonly number[],
	policy: VersionPolicy,
	model: string,
): number[] {
	const chosen = choose(available, policy);
	if (chosen.length === 0)
		throw new SaccadeError(
			"LOAD_FAILED",
			`at least one version must be available under the version policy of model '${model}'`,
		);
	return chosen;
}

function choose(available: readonly number[], policy: VersionPolicy): number[] {
	switch (policy.kind) {
		case "all":
			return [...available];
		case "latest":
			return available.slice(-policy.count);
		case "specific":
			return available.filter((version) => policy.versions.includes(version));
	}
}

/** The model file of a version: `model.onnx`, or a directory of that name with the file and its external data. */
export async function findModelFile(
	directory: ModelDirectory,
	version: number,
	filename: string,
): Promise<string> {
	const path = resolveInside(join(directory.path, String(version)), filename);
	const inner = join(path, filename);
	if ((await isDirectory(path)) && (await isFile(inner))) return inner;
	if (await isFile(path)) return path;
	throw new SaccadeError(
		"LOAD_FAILED",
		`model '${directory.name}' version ${version} has no file ${filename}; put it in the version's directory, or name it in default_model_filename`,
	);
}

/** One label a line; a missing last line break is fine. */
export async function readLabels(
	directory: ModelDirectory,
	filename: string,
): Promise<string[]> {
	const path = resolveInside(directory.path, filename);
	const { size } = await stat(path).catch(() => ({ size: -1 }));
	if (size < 0 || size > MAX_LABEL_BYTES)
		throw new SaccadeError(
			"LOAD_FAILED",
			`label file '${filename}' of model '${directory.name}' ${size < 0 ? "does not exist" : `has ${size} bytes, more than ${MAX_LABEL_BYTES}`}`,
		);
	const lines = (await readFile(path, "utf8")).split(/\r?\n/);
	if (lines.at(-1) === "") lines.pop();
	return lines;
}

/** A path below `base`. Throws LOAD_FAILED when it leads elsewhere; links inside are the operator's own. */
export function resolveInside(base: string, path: string): string {
	const target = resolve(base, path);
	const way = relative(base, target);
	if (way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way))
		throw new SaccadeError(
			"LOAD_FAILED",
			`'${path}' leads out of the model's directory`,
		);
	return target;
}

async function isDirectory(path: string): Promise<boolean> {
	return stat(path).then(
		(entry) => entry.isDirectory(),
		() => false,
	);
}

async function isFile(path: string): Promise<boolean> {
	return stat(path).then(
		(entry) => entry.isFile(),
		() => false,
	);
}

function codeOf(error: unknown): string {
	return (error as NodeJS.ErrnoException).code ?? String(error);
}
