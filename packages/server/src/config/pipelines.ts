// `pipelines:` and `steps:` of the configuration file, and of every *.yaml in the directories of `--pipelines`.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { filledText, listOf } from "../common/readers.ts";
import type { PipelineDefinition } from "../pipelines/graph/definition.ts";
import { readDefinitions } from "../pipelines/graph/read-definition.ts";
import { readSections } from "./yaml.ts";

export interface PipelineSources {
	/** `pipelines` and `steps` of the configuration file. */
	readonly sections: Readonly<Record<string, unknown>>;
	/** Of the configuration file; paths in it count from its directory. */
	readonly fileName: string;
	readonly directories: readonly string[];
}

export interface PipelineSpecs {
	readonly pipelines: readonly PipelineDefinition[];
	/** Modules that export steps: absolute paths. */
	readonly stepFiles: readonly string[];
}

/** Names of those that come with the server. */
const BUILT_IN: readonly string[] = ["scalar", "camera", "lidar", "drive"];
/** Pipelines are written by hand; more is a mistake in the path. */
const MAX_FILE_BYTES = 1024 * 1024;

export function readPipelines(
	{ sections, fileName, directories }: PipelineSources,
	problems: string[],
): PipelineSpecs {
	const pipelines: PipelineDefinition[] = [];
	const stepFiles = new Set<string>();
	const take = (from: Readonly<Record<string, unknown>>, source: string) => {
		pipelines.push(...readDefinitions(from["pipelines"], source, problems));
		for (const file of readStepFiles(from["steps"], source, problems))
			stepFiles.add(file);
	};
	take(sections, fileName);
	for (const file of directories.flatMap((one) => yamlFiles(one, problems))) {
		const text = readText(file, problems);
		if (text !== null)
			take(readSections(text, file, ["pipelines", "steps"], problems), file);
	}
	const sourceOf = new Map<string, string>();
	for (const { name, source } of pipelines) {
		const other = sourceOf.get(name);
		if (other !== undefined)
			problems.push(
				`${source}: pipelines.${name} is there already, in ${other}; give it another name`,
			);
		else if (BUILT_IN.includes(name))
			problems.push(
				`${source}: pipelines.${name} has the name of a pipeline that comes with the server; give it another name`,
			);
		sourceOf.set(name, source);
	}
	return { pipelines, stepFiles: [...stepFiles] };
}

function readStepFiles(
	value: unknown,
	source: string,
	problems: string[],
): string[] {
	if (value === undefined || value === null) return [];
	const read = listOf(filledText)(value);
	if (!read.ok) {
		problems.push(
			`${source}: steps ${read.problem}; list the modules, e.g. [./steps/lanes.ts]`,
		);
		return [];
	}
	return read.value.flatMap((path) => {
		const file = resolve(dirname(source), path);
		if (isFile(file)) return [file];
		problems.push(`${source}: steps: there is no file '${path}' (${file})`);
		return [];
	});
}

function yamlFiles(directory: string, problems: string[]): string[] {
	try {
		const names = readdirSync(directory).filter((name) =>
			name.endsWith(".yaml"),
		);
		if (names.length === 0)
			problems.push(`--pipelines: there is no *.yaml in '${directory}'`);
		return names.sort().map((name) => join(directory, name));
	} catch {
		problems.push(`--pipelines: the directory '${directory}' cannot be read`);
		return [];
	}
}

function readText(file: string, problems: string[]): string | null {
	try {
		const { size } = statSync(file);
		if (size <= MAX_FILE_BYTES) return readFileSync(file, "utf8");
		problems.push(
			`${file} has ${size} bytes; a pipeline file has at most ${MAX_FILE_BYTES}`,
		);
	} catch {
		problems.push(`${file} cannot be read`);
	}
	return null;
}

function isFile(path: string): boolean {
	return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
