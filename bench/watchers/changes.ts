// What operators and tools do to a model repository. Each is prepared before anybody watches, and then happens at once.
import {
	appendFileSync,
	mkdirSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";

export interface Change {
	readonly what: string;
	/** @param home an empty folder @returns the repository to watch, and what happens there */
	prepare(home: string): {
		readonly repository: string;
		/** All but the last step go unmeasured: the last one has to be noticed after them. */
		readonly steps: readonly (() => void)[];
	};
}

const MODEL = "m/1/model.onnx";

function write(root: string, path: string, text: string): void {
	mkdirSync(join(root, path, ".."), { recursive: true });
	writeFileSync(join(root, path), text);
}

function plain(home: string): string {
	const repository = join(home, "models");
	write(repository, MODEL, "one");
	return repository;
}

/** A link that is put elsewhere in one step. */
function relink(link: string, target: string): void {
	symlinkSync(target, `${link}_tmp`);
	renameSync(`${link}_tmp`, link);
}

export const CHANGES: readonly Change[] = [
	{
		what: "a file is written to",
		prepare: (home) => {
			const repository = plain(home);
			return {
				repository,
				steps: [() => appendFileSync(join(repository, MODEL), "two")],
			};
		},
	},
	{
		what: "a file is renamed over another",
		prepare: (home) => {
			const repository = plain(home);
			write(home, "next", "two");
			return {
				repository,
				steps: [() => renameSync(join(home, "next"), join(repository, MODEL))],
			};
		},
	},
	{
		what: "a version is renamed into place",
		prepare: (home) => {
			const repository = plain(home);
			write(home, "2/model.onnx", "two");
			return {
				repository,
				steps: [() => renameSync(join(home, "2"), join(repository, "m/2"))],
			};
		},
	},
	{
		what: "a file in a version that was renamed into place is written to",
		prepare: (home) => {
			const repository = plain(home);
			write(home, "2/model.onnx", "two");
			return {
				repository,
				steps: [
					() => renameSync(join(home, "2"), join(repository, "m/2")),
					() => appendFileSync(join(repository, "m/2/model.onnx"), "three"),
				],
			};
		},
	},
	{
		what: "a version takes another's place, and is then written to",
		prepare: (home) => {
			const repository = plain(home);
			write(home, "1/model.onnx", "two");
			return {
				repository,
				steps: [
					() => {
						rmSync(join(repository, "m/1"), { recursive: true });
						renameSync(join(home, "1"), join(repository, "m/1"));
					},
					() => appendFileSync(join(repository, MODEL), "three"),
				],
			};
		},
	},
	{
		what: "Kubernetes puts ..data elsewhere",
		prepare: (home) => {
			const repository = join(home, "models");
			for (const date of ["..1", "..2"])
				write(join(repository, date), MODEL, date);
			symlinkSync("..1", join(repository, "..data"));
			symlinkSync("..data/m", join(repository, "m"));
			return {
				repository,
				steps: [() => relink(join(repository, "..data"), "..2")],
			};
		},
	},
	{
		what: "a version's link is put elsewhere",
		prepare: (home) => {
			const repository = join(home, "models");
			mkdirSync(join(repository, "m"), { recursive: true });
			for (const release of ["a", "b"])
				write(home, `releases/${release}/model.onnx`, release);
			symlinkSync("../../releases/a", join(repository, "m/1"));
			return {
				repository,
				steps: [() => relink(join(repository, "m/1"), "../../releases/b")],
			};
		},
	},
	{
		what: "a file behind a link is written to",
		prepare: (home) => {
			const repository = join(home, "models");
			mkdirSync(join(repository, "m"), { recursive: true });
			write(home, "releases/a/model.onnx", "one");
			symlinkSync("../../releases/a", join(repository, "m/1"));
			return {
				repository,
				steps: [
					() => appendFileSync(join(home, "releases/a/model.onnx"), "two"),
				],
			};
		},
	},
	{
		what: "the repository's own link is put elsewhere",
		prepare: (home) => {
			for (const release of ["1", "2"])
				write(join(home, `release-${release}`), MODEL, release);
			symlinkSync("release-1", join(home, "models"));
			return {
				repository: join(home, "models"),
				steps: [() => relink(join(home, "models"), "release-2")],
			};
		},
	},
];
