// Folders for the files of one load each, which are removed when it ends. While a folder is in use it is locked, so that
// what a process left that was killed is known by nobody holding it.
import { closeSync, openSync, readdirSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	assertOwnFolder,
	type CachePaths,
	DIRECTORY_MODE,
} from "./cache-files.ts";
import { canLockFiles, tryLock } from "./file-lock.ts";

export interface LoadFolder {
	readonly path: string;
	remove(): Promise<void>;
}

/** In the cache's folder, which is on a disk; else where temporary files lie, which may be memory. */
export async function makeLoadFolder(paths: CachePaths): Promise<LoadFolder> {
	try {
		if (canLockFiles()) return await makeLocked(paths);
	} catch {
		// It belongs to somebody else, or cannot be written.
	}
	const path = await mkdtemp(join(tmpdir(), "saccade-model-"));
	return { path, remove: () => removeFolder(path) };
}

async function makeLocked(paths: CachePaths): Promise<LoadFolder> {
	await assertOwnFolder(paths);
	await mkdir(paths.loading, { recursive: true, mode: DIRECTORY_MODE });
	sweep(paths.loading);
	const path = await mkdtemp(join(paths.loading, "load-"));
	const lock = openSync(path, "r");
	tryLock(lock, "exclusive");
	const remove = async () => {
		await removeFolder(path);
		closeSync(lock);
	};
	return { path, remove };
}

function removeFolder(path: string): Promise<void> {
	return rm(path, { recursive: true, force: true });
}

function sweep(loading: string): void {
	for (const name of readdirSync(loading)) {
		const path = join(loading, name);
		let lock: number;
		try {
			lock = openSync(path, "r");
		} catch {
			// Its load ended just now.
			continue;
		}
		try {
			if (tryLock(lock, "exclusive"))
				rmSync(path, { recursive: true, force: true });
		} finally {
			closeSync(lock);
		}
	}
}
