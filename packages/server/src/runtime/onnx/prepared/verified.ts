// Which files of an entry were hashed since the machine started, by the stamps that they had: between two starts a disk
// may have lost what was flushed to it, and afterwards inode, size and times tell.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMapping } from "../../../common/mapping.ts";
import {
	type CachePaths,
	entryPaths,
	type FileStamp,
	hashFile,
	publishFile,
	stampFile,
} from "./cache-files.ts";
import type { CachedFile, Manifest } from "./manifest.ts";

export interface Verified {
	readonly bootId: string;
	/** By path. */
	readonly stamps: Readonly<Record<string, FileStamp>>;
}

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

let bootId: string | undefined;

/** Names this start of the machine; where the system does not, this start of the process. */
export function readBootId(): string {
	bootId ??= findBootId();
	return bootId;
}

function findBootId(): string {
	try {
		return readFileSync(BOOT_ID, "latin1").trim();
	} catch {
		return `process ${process.pid} ${performance.timeOrigin}`;
	}
}

/** The files that a load maps or reads, with what they must be. */
export function filesOf(
	paths: CachePaths,
	manifest: Manifest,
): (CachedFile & { readonly path: string })[] {
	const { graph: path } = entryPaths(paths, manifest.key);
	const graph = manifest.graph === null ? [] : [{ path, ...manifest.graph }];
	return [
		...graph,
		...manifest.tensors.map((file) => ({
			path: join(paths.tensors, file.sha256),
			...file,
		})),
	];
}

/** Files that are not what the manifest says, by path; empty: all are. Reads every byte: not for an event loop. */
export function findDamage(paths: CachePaths, manifest: Manifest): string[] {
	return filesOf(paths, manifest)
		.filter((file) => !isWhole(file.path, file))
		.map(({ path }) => path);
}

export function isWhole(path: string, { sha256 }: CachedFile): boolean {
	try {
		return hashFile(path).digest("hex") === sha256;
	} catch {
		return false;
	}
}

/** Stamps of files that were just hashed. */
export function stampEntry(paths: CachePaths, manifest: Manifest): Verified {
	const files = filesOf(paths, manifest);
	return {
		bootId: readBootId(),
		stamps: Object.fromEntries(
			files.map(({ path }) => [path, stampFile(path)]),
		),
	};
}

export function writeVerified(
	paths: CachePaths,
	key: string,
	verified: Verified,
): void {
	publishFile(paths, join(paths.verified, key), JSON.stringify(verified));
}

/** Null: nothing is known of this start of the machine. */
export async function readVerified(
	paths: CachePaths,
	key: string,
): Promise<Verified | null> {
	try {
		const text = await readFile(join(paths.verified, key), "utf8");
		const value: unknown = JSON.parse(text);
		return isVerified(value) && value.bootId === readBootId() ? value : null;
	} catch {
		return null;
	}
}

function isVerified(value: unknown): value is Verified {
	return (
		isMapping(value) &&
		typeof value["bootId"] === "string" &&
		isMapping(value["stamps"])
	);
}
