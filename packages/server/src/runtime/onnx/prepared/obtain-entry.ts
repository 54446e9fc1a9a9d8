// Finds the entry of a model in the cache, or makes it; in the process that prepares.
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import type { OnnxRuntime } from "../onnx-runtime.ts";
import {
	type CachePaths,
	cachePaths,
	entryPaths,
	makeCacheFolders,
	stampFile,
} from "./cache-files.ts";
import { cpuFeatures } from "./cpu-features.ts";
import {
	entryKey,
	type PreparedOptions,
	type WeightsSetting,
} from "./entry-key.ts";
import { evict } from "./evict.ts";
import { lockFile } from "./file-lock.ts";
import { makeEntry } from "./make-entry.ts";
import { decodeManifest, type Manifest } from "./manifest.ts";
import {
	digestSource,
	type SourceRecord,
	writeSourceRecord,
} from "./source-digest.ts";
import {
	findDamage,
	readBootId,
	stampEntry,
	type Verified,
	writeVerified,
} from "./verified.ts";

/** Plain data: it travels to the process. */
export interface PrepareJob {
	readonly cache: string;
	readonly maxBytes: number;
	readonly isReadOnly: boolean;
	/** Of the model's file, links resolved. */
	readonly source: string;
	readonly options: PreparedOptions;
	readonly weights: WeightsSetting;
	/** ONNX Runtime's; null: the bundled one. */
	readonly libraryPath: string | null;
}

export interface Obtained {
	readonly key: string;
	readonly source: SourceRecord;
	readonly verified: Verified;
	/** False: it was in the cache. */
	readonly isNew: boolean;
	/** Entries that made room for it. */
	readonly evictedCount: number;
}

/** Throws LOAD_FAILED, or the file system's error: the model is loaded as it is then. */
export async function obtainEntry(
	job: PrepareJob,
	runtime: OnnxRuntime,
	progress: (text: string) => void,
): Promise<Obtained> {
	const paths = cachePaths(job.cache);
	progress("reading");
	const source = digestSource(job.source, readBootId());
	const parts = {
		modelDigest: source.digest,
		runtimeVersion: runtime.version,
		cpu: cpuFeatures(),
		options: job.options,
		weights: job.weights,
	};
	const key = entryKey(parts);
	if (job.isReadOnly) {
		const verified = verifyEntry(paths, key, false);
		if (verified === null)
			throw new SaccadeError(
				"NOT_FOUND",
				`the cache ${job.cache} is read-only and does not have the model; prepare it with saccade models prepare`,
			);
		return { key, source, verified, isNew: false, evictedCount: 0 };
	}
	await makeCacheFolders(paths);
	const lock = openSync(paths.lock, "a", 0o600);
	try {
		progress("waiting for the cache");
		await lockFile(lock, "exclusive");
		const known = verifyEntry(paths, key, true);
		if (known === null) {
			// What a process that was killed left may be what fills the disk.
			evict(paths, job.maxBytes, null);
			await makeEntry({
				...job,
				paths,
				key,
				madeOf: {
					path: job.source,
					modelDigest: source.digest,
					modelBytes: source.bytes,
					runtimeVersion: runtime.version,
					cpu: parts.cpu,
				},
				runtime,
				mayStay: source.files.length === 1,
				assertUnchanged: () => assertUnchanged(source),
				progress,
			});
		}
		const verified = known ?? stampEntry(paths, manifestOf(paths, key));
		const eviction = evict(paths, job.maxBytes, key);
		writeVerified(paths, key, verified);
		if (source.isSettled) writeSourceRecord(paths, job.source, source);
		return {
			key,
			source,
			verified,
			isNew: known === null,
			evictedCount: eviction.keys.length,
		};
	} finally {
		closeSync(lock);
	}
}

/** Null: the entry is not there, or not whole; what is damaged of it is gone. */
function verifyEntry(
	paths: CachePaths,
	key: string,
	canRemove: boolean,
): Verified | null {
	let manifest: Manifest;
	try {
		manifest = manifestOf(paths, key);
	} catch {
		return null;
	}
	const damaged = findDamage(paths, manifest);
	if (damaged.length === 0) return stampEntry(paths, manifest);
	if (canRemove) for (const path of damaged) rmSync(path, { force: true });
	return null;
}

function manifestOf(paths: CachePaths, key: string): Manifest {
	const { manifest: path } = entryPaths(paths, key);
	const manifest = decodeManifest(readFileSync(path, "utf8"));
	if (manifest?.key !== key)
		throw new SaccadeError("LOAD_FAILED", `${path} is not whole`);
	return manifest;
}

function assertUnchanged({ files }: SourceRecord): void {
	for (const { path, stamp } of files)
		if (stampFile(path) !== stamp)
			throw new SaccadeError(
				"LOAD_FAILED",
				`${path} changed while it was prepared; load the model when it is written`,
			);
}
