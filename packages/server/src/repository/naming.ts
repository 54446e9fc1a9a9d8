// What models of several repositories are called. Without namespaces a model is called as its directory is, and a name in
// two repositories is a mistake. With them it is called `<repository>::<model>`, after the last part of the repository's
// path; the short name stands for it while no other model has the same.
import { basename, resolve } from "node:path";
import { SaccadeError } from "../errors/saccade-error.ts";

const MARK = "::";

/** Where a model may be. */
interface Place {
	readonly repository: string;
	/** Its directory's name. */
	readonly model: string;
}

export interface Naming {
	/** As the server calls it. */
	nameOf(place: Place): string;
	/** Where what is called so may be. */
	placesOf(name: string): readonly Place[];
}

export function flatNaming(repositories: readonly string[]): Naming {
	return {
		nameOf: ({ model }) => model,
		placesOf: (model) =>
			repositories.map((repository) => ({ repository, model })),
	};
}

/** Throws INVALID_ARGUMENT for repositories whose paths end alike. */
export function namespacedNaming(repositories: readonly string[]): Naming {
	const byNamespace = new Map<string, string>();
	for (const repository of repositories) {
		const namespace = namespaceOf(repository);
		const other = byNamespace.get(namespace);
		if (other !== undefined)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`--model-namespacing: ${other} and ${repository} would both be '${namespace}'; let the last parts of their paths differ`,
			);
		byNamespace.set(namespace, repository);
	}
	return {
		nameOf: ({ repository, model }) =>
			`${namespaceOf(repository)}${MARK}${model}`,
		placesOf: (name) => {
			const at = name.indexOf(MARK);
			if (at < 0)
				return repositories.map((repository) => ({ repository, model: name }));
			const repository = byNamespace.get(name.slice(0, at));
			const model = name.slice(at + MARK.length);
			return repository === undefined ? [] : [{ repository, model }];
		},
	};
}

/** Null where the name has no namespace. */
export function shortNameOf(name: string): string | null {
	const at = name.indexOf(MARK);
	return at < 0 ? null : name.slice(at + MARK.length);
}

/** Triton's text, and what to do. */
export function ambiguousName(
	name: string,
	names: readonly string[],
): SaccadeError {
	return new SaccadeError(
		"INVALID_ARGUMENT",
		`There are ${names.length} identifiers of model '${name}' in global map, model namespace must be provided to resolve ambiguity: ask for ${names.map((each) => `'${each}'`).join(" or ")}`,
	);
}

function namespaceOf(repository: string): string {
	return basename(resolve(repository));
}
