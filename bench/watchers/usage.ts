import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"Ways to hear of changes in a model repository: what each notices of copies, renames and links, and how soon.",
	patternOf: null,
	options: [{ ...ROUNDS, about: "of each change (default 10)" }],
	notes: [
		"Only prints. docs/decisions/ has the table. Installs @parcel/watcher and chokidar into .cache/watchers.",
	],
};
