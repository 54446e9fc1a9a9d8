// Keeps the cache within its size: entries that were used longest ago go first, those that a process has open stay.
// Only for who holds the cache's lock.
import {
	closeSync,
	existsSync,
	openSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
} from "node:fs";
import { join } from "node:path";
import { type CachePaths, entryPaths, isHash } from "./cache-files.ts";
import { tryLock } from "./file-lock.ts";
import { decodeManifest, type Manifest } from "./manifest.ts";
import { isSourceRecord } from "./source-digest.ts";
import { readBootId } from "./verified.ts";

interface Entry {
	readonly key: string;
	/** Null: it cannot be read, and nobody can open it. */
	readonly manifest: Manifest | null;
	readonly usedAtMs: number;
}

export interface Eviction {
	readonly keys: readonly string[];
	readonly bytesAfter: number;
}

/** @param keep an entry that stays, whoever uses it */
export function evict(
	paths: CachePaths,
	maxBytes: number,
	keep: string | null,
): Eviction {
	const entries = listEntries(paths);
	const gone: string[] = [];
	const remove = (entry: Entry) => {
		if (entry.key === keep || !removeEntry(paths, entry.key)) return;
		entries.splice(entries.indexOf(entry), 1);
		gone.push(entry.key);
	};
	for (const entry of [...entries]) if (entry.manifest === null) remove(entry);
	removeStrays(paths, entries);
	const oldest = [...entries].sort((a, b) => a.usedAtMs - b.usedAtMs);
	for (const entry of oldest) {
		if (bytesOfAll(entries) <= maxBytes) break;
		remove(entry);
	}
	if (gone.length > 0) removeStrays(paths, entries);
	return { keys: gone, bytesAfter: bytesOfAll(entries) };
}

/**
 * False: a process has it open. The files of its tensors stay until nobody refers to them.
 * @param evenInUse who has it open keeps what it has mapped: unlinked files live as long as somebody does
 */
export function removeEntry(
	paths: CachePaths,
	key: string,
	{ evenInUse = false } = {},
): boolean {
	const { folder, used } = entryPaths(paths, key);
	let file: number | null = null;
	try {
		file = openSync(used, "r");
	} catch {
		// It was never whole.
	}
	try {
		if (file !== null && !tryLock(file, "exclusive") && !evenInUse)
			return false;
		rmSync(folder, { recursive: true, force: true });
		rmSync(join(paths.verified, key), { force: true });
		return true;
	} finally {
		if (file !== null) closeSync(file);
	}
}

/** Of tensors that several entries have, once. */
function bytesOfAll(entries: readonly Entry[]): number {
	const tensors = new Map<string, number>();
	let sum = 0;
	for (const { manifest } of entries) {
		sum += manifest?.graph?.bytes ?? 0;
		for (const { sha256, bytes } of manifest?.tensors ?? [])
			tensors.set(sha256, bytes);
	}
	for (const bytes of tensors.values()) sum += bytes;
	return sum;
}

/** Tensors of no entry, what is known of files from before this start of the machine, and what nobody finished. */
function removeStrays(paths: CachePaths, entries: readonly Entry[]): void {
	const wanted = new Set(
		entries.flatMap(
			({ manifest }) => manifest?.tensors.map(({ sha256 }) => sha256) ?? [],
		),
	);
	for (const name of readdirSync(paths.tensors))
		if (!wanted.has(name)) rmSync(join(paths.tensors, name), { force: true });
	for (const name of readdirSync(paths.new))
		rmSync(join(paths.new, name), { recursive: true, force: true });
	for (const name of readdirSync(paths.sources))
		if (!isOfUse(join(paths.sources, name)))
			rmSync(join(paths.sources, name), { force: true });
}

/** A record of this start of the machine, of a model that is still there. */
function isOfUse(path: string): boolean {
	try {
		const record: unknown = JSON.parse(readFileSync(path, "utf8"));
		return (
			isSourceRecord(record) &&
			record.bootId === readBootId() &&
			record.files.every((file) => existsSync(file.path))
		);
	} catch {
		return false;
	}
}

function listEntries(paths: CachePaths): Entry[] {
	return readdirSync(paths.entries)
		.filter(isHash)
		.map((key) => {
			const { manifest, used } = entryPaths(paths, key);
			try {
				return {
					key,
					manifest: decodeManifest(readFileSync(manifest, "utf8")),
					usedAtMs: statSync(used).mtimeMs,
				};
			} catch {
				return { key, manifest: null, usedAtMs: 0 };
			}
		});
}
