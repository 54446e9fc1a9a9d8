// The cache of prepared models on disk. What is in it is written beside its place, flushed and renamed; it is never
// changed or cut afterwards, only unlinked: sessions of many processes have it mapped.
//
//   lock                        held by whoever writes or evicts, one in all processes
//   entries/<key>/manifest.json what the entry is made of and what was measured
//   entries/<key>/graph.onnx    the optimised graph, without its large tensors
//   entries/<key>/used          locked by whoever has the entry open; its time says when it was opened last
//   tensors/<sha256>            a large tensor, or some small neighbours, whichever entries have it
//   sources/<sha256 of path>    what the files of a repository were found to be
//   verified/<key>              which files of an entry were hashed since the machine started
//   new/                        what is being written
//   loading/<any>/              files of a load of a model as it is, locked and removed by who loads
import { createHash, type Hash, randomUUID } from "node:crypto";
import {
	closeSync,
	fsyncSync,
	openSync,
	readSync,
	renameSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { SaccadeError } from "../../../errors/saccade-error.ts";

export const DIRECTORY_MODE = 0o700;
/** Nobody writes to a file of the cache again. */
export const FILE_MODE = 0o444;
const WRITABLE_BY_OTHERS = 0o022;
const CHUNK_BYTES = 1024 * 1024;
const HEX_64 = /^[0-9a-f]{64}$/;

export interface CachePaths {
	readonly root: string;
	readonly lock: string;
	readonly entries: string;
	readonly tensors: string;
	readonly sources: string;
	readonly verified: string;
	readonly new: string;
	readonly loading: string;
}

export function cachePaths(root: string): CachePaths {
	return {
		root,
		lock: join(root, "lock"),
		entries: join(root, "entries"),
		tensors: join(root, "tensors"),
		sources: join(root, "sources"),
		verified: join(root, "verified"),
		new: join(root, "new"),
		loading: join(root, "loading"),
	};
}

export function entryPaths({ entries }: CachePaths, key: string) {
	const folder = join(entries, key);
	return {
		folder,
		manifest: join(folder, "manifest.json"),
		graph: join(folder, "graph.onnx"),
		used: join(folder, "used"),
	};
}

/** Throws the file system's error: the cache cannot be written then. */
export async function makeCacheFolders(paths: CachePaths): Promise<void> {
	for (const folder of [
		paths.root,
		paths.entries,
		paths.tensors,
		paths.sources,
		paths.verified,
		paths.new,
	])
		await mkdir(folder, { recursive: true, mode: DIRECTORY_MODE });
}

/**
 * What is in the cache is run by whoever loads it, so that nobody else may write there. Throws UNSUPPORTED otherwise.
 * A folder that is not there yet will be made by us.
 */
export async function assertOwnFolder({ root }: CachePaths): Promise<void> {
	let stats: { readonly uid: number; readonly mode: number };
	try {
		stats = await stat(root);
	} catch {
		return;
	}
	const isOwn = stats.uid === 0 || stats.uid === process.getuid?.();
	if (isOwn && (stats.mode & WRITABLE_BY_OTHERS) === 0) return;
	throw new SaccadeError(
		"UNSUPPORTED",
		`the cache ${root} ${isOwn ? "is writable by others" : `belongs to user ${stats.uid}`}: name a folder of your own with --prepared-dir, mode 0700`,
	);
}

/** Names that the cache gave, and no others. */
export function isHash(name: string): boolean {
	return HEX_64.test(name);
}

export function sha256Of(content: string | Uint8Array): string {
	return createHash("sha256").update(content).digest("hex");
}

/** Reads `path` into `hash`, and to `take` where it is given. Blocks: not for an event loop. */
export function hashFile(
	path: string,
	hash: Hash = createHash("sha256"),
	take: (chunk: Uint8Array) => void = () => {},
): Hash {
	const file = openSync(path, "r");
	try {
		const chunk = new Uint8Array(CHUNK_BYTES);
		for (;;) {
			const count = readSync(file, chunk);
			if (count === 0) return hash;
			const read = chunk.subarray(0, count);
			hash.update(read);
			take(read);
		}
	} finally {
		closeSync(file);
	}
}

/** Writes a small file beside its place and moves it there: readers see the old one or the new one, whole. */
export function publishFile(
	paths: CachePaths,
	path: string,
	content: string | Uint8Array,
): void {
	const beside = join(paths.new, `${basename(path)}-${randomUUID()}`);
	writeFileSync(beside, content, { mode: FILE_MODE, flag: "wx", flush: true });
	renameSync(beside, path);
}

export function flushFolder(path: string): void {
	const folder = openSync(path, "r");
	try {
		fsyncSync(folder);
	} finally {
		closeSync(folder);
	}
}

/**
 * Inode, size and times of a file: while they are the same, so is its content. Write access by others that keeps its
 * times is not what this is against.
 */
export type FileStamp = string;

interface Stats {
	readonly dev: bigint;
	readonly ino: bigint;
	readonly size: bigint;
	readonly mtimeNs: bigint;
	readonly ctimeNs: bigint;
}

export function stampOf(stats: Stats): FileStamp {
	const { dev, ino, size, mtimeNs, ctimeNs } = stats;
	return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}

export function stampFile(path: string): FileStamp {
	return stampOf(statSync(path, { bigint: true }));
}
