// Events of a set of directories, each watched by itself: what is below them, and behind links, is in the set by its own
// path. Why node:fs and one watch a directory: docs/decisions/0013-watching-files.md.
import { type FSWatcher, watch } from "node:fs";
import type { ScannedDirectory } from "./scan.ts";

export interface DirectoryWatchesOptions {
	readonly changed: () => void;
	/** A directory cannot be watched: the limit of the system, or its file system. Told once. */
	readonly failed: (path: string, reason: string) => void;
}

interface Watched {
	/** Of the directory that was at the path when the watch began. */
	readonly id: string;
	readonly watcher: FSWatcher;
}

export class DirectoryWatches {
	readonly #options: DirectoryWatchesOptions;
	readonly #watched = new Map<string, Watched>();
	#hasFailed = false;

	constructor(options: DirectoryWatchesOptions) {
		this.#options = options;
	}

	/** Watches these and no others. @returns whether there are new ones: what happened in them before was not seen */
	set(directories: Iterable<ScannedDirectory>): boolean {
		const wanted = new Map<string, string>();
		for (const { path, id } of directories) wanted.set(path, id);
		for (const [path, { id }] of this.#watched)
			if (wanted.get(path) !== id) this.#drop(path);
		let hasNew = false;
		for (const [path, id] of wanted)
			if (!this.#watched.has(path) && this.#add(path, id)) hasNew = true;
		return hasNew;
	}

	close(): void {
		for (const path of [...this.#watched.keys()]) this.#drop(path);
	}

	#add(path: string, id: string): boolean {
		try {
			const watcher = watch(path, { persistent: false });
			this.#watched.set(path, { id, watcher });
			watcher.on("change", this.#options.changed);
			watcher.on("error", (error) => {
				this.#drop(path);
				this.#failed(path, error);
				this.#options.changed();
			});
			return true;
		} catch (error) {
			// It went while it was looked at: its parent tells.
			if ((error as NodeJS.ErrnoException).code !== "ENOENT")
				this.#failed(path, error);
			return false;
		}
	}

	#drop(path: string): void {
		this.#watched.get(path)?.watcher.close();
		this.#watched.delete(path);
	}

	#failed(path: string, error: unknown): void {
		if (this.#hasFailed) return;
		this.#hasFailed = true;
		const { code } = error as NodeJS.ErrnoException;
		this.#options.failed(path, code ?? String(error));
	}
}
