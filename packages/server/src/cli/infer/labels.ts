// Class names: a file that the user names, else the model's own label file where the repository is at hand.
import { readFile } from "node:fs/promises";
import {
	readLabels,
	readModelDirectory,
} from "../../repository/model-directory.ts";
import { UsageError } from "../usage-error.ts";
import type { ModelFacts, TargetOptions } from "./target.ts";

/** Null when nobody names the classes. */
export async function findLabels(
	facts: ModelFacts,
	options: TargetOptions & { readonly labels?: string },
): Promise<readonly string[] | null> {
	if (options.labels !== undefined) return fromFile(options.labels);
	const configured = facts.config.output.find(
		(out) => out.labelFilename !== "",
	);
	if (configured === undefined) return null;
	for (const repository of options.modelRepository ?? []) {
		const directory = await readModelDirectory(repository, facts.name);
		if (directory !== null)
			return readLabels(directory, configured.labelFilename);
	}
	return null;
}

async function fromFile(file: string): Promise<string[]> {
	const text = await readFile(file, "utf8").catch(() => {
		throw new UsageError(`the label file ${file} cannot be read`);
	});
	return text.replace(/\r?\n$/, "").split(/\r?\n/);
}
