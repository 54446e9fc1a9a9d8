// The ways, each behind one function: tell of anything below a folder, links included where the way can.
import { type FSWatcher, watch } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { DirectoryWatches } from "../../packages/server/src/repository/watch/directory-watches.ts";
import { scanRepository } from "../../packages/server/src/repository/watch/scan.ts";

export interface Watching {
	close(): Promise<void>;
}

/** Resolves when it watches; `changed` is called for every event from then on. */
export type Watcher = (root: string, changed: () => void) => Promise<Watching>;

interface Chokidar {
	watch(
		root: string,
		options: object,
	): {
		on(event: string, listener: () => void): unknown;
		close(): Promise<void>;
	};
}

interface Parcel {
	subscribe(
		root: string,
		changed: (error: Error | null) => void,
	): Promise<{ unsubscribe(): Promise<void> }>;
}

/** As the server does it: one watch a directory, those that links lead to and those that hold links among them. */
const directories: Watcher = async (root, changed) => {
	const rescan = () => {
		const { directories: own, models } = scanRepository(root);
		return watches.set([...own, ...models.flatMap((one) => one.directories)]);
	};
	const watches = new DirectoryWatches({
		changed: () => {
			changed();
			while (rescan());
		},
		failed: (path, reason) => {
			throw new Error(`${path}: ${reason}`);
		},
	});
	while (rescan());
	return { close: async () => watches.close() };
};

const recursive: Watcher = async (root, changed) => {
	const watcher: FSWatcher = watch(root, { recursive: true }, changed);
	watcher.on("error", changed);
	return { close: async () => watcher.close() };
};

/** @param modules where both packages are installed */
export function watchersFrom(
	modules: string,
): readonly (readonly [name: string, watcher: Watcher])[] {
	const load = createRequire(join(modules, "package.json"));
	const chokidar: Watcher = async (root, changed) => {
		const { watch: open } = load("chokidar") as Chokidar;
		const watcher = open(root, { ignoreInitial: true, followSymlinks: true });
		await new Promise<void>((resolve) => watcher.on("ready", resolve));
		watcher.on("all", changed);
		return { close: () => watcher.close() };
	};
	const parcel: Watcher = async (root, changed) => {
		const { subscribe } = load("@parcel/watcher") as Parcel;
		const subscription = await subscribe(root, changed);
		return { close: () => subscription.unsubscribe() };
	};
	return [
		["node:fs, a watch a directory", directories],
		["node:fs, recursive", recursive],
		["chokidar", chokidar],
		["@parcel/watcher", parcel],
	];
}
