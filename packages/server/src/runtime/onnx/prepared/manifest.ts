// What an entry of the cache is made of, and what was measured when it was made.
import { isMapping } from "../../../common/mapping.ts";
import { isHash, sha256Of } from "./cache-files.ts";

/**
 * `mapped`: as the file has them, kernels do not pack. `prepacked`: kernels pack when they are loaded, see that the file
 * has the same, and use that. `packed`: kernels pack into memory of the process. `as-it-is`: the model's own file is loaded, because nothing
 * else was better.
 */
export type PreparedWeights = "mapped" | "prepacked" | "packed" | "as-it-is";

/** Of one form of the model: the least of several, in ms, and what a load leaves in memory of the process. */
export interface Measured {
	readonly loadMs: number;
	/** One a batch size that was tried; empty: no run could be made up. */
	readonly runMs: readonly number[];
}

export interface Measurement {
	/** Of the first dimension, where it is dynamic. */
	readonly rows: readonly number[];
	readonly plain: Measured;
	readonly mapped: Measured;
	readonly prepacked: Measured | null;
}

export interface CachedFile {
	/** Of its content, and its name in `tensors`. */
	readonly sha256: string;
	readonly bytes: number;
}

export interface Manifest {
	readonly key: string;
	/** For people: what was prepared, by what, for what. */
	readonly madeOf: {
		readonly path: string;
		readonly modelDigest: string;
		readonly modelBytes: number;
		readonly runtimeVersion: string;
		readonly cpu: string;
	};
	readonly weights: PreparedWeights;
	/** Null exactly where `weights` is `as-it-is`. */
	readonly graph: CachedFile | null;
	readonly tensors: readonly CachedFile[];
	readonly measurement: Measurement | null;
	/** Why `weights` is what it is. */
	readonly because: string;
}

export function encodeManifest(manifest: Manifest): string {
	const text = JSON.stringify(manifest);
	return JSON.stringify({ sha256: sha256Of(text), manifest });
}

/** Null: it is not one, or not whole. */
export function decodeManifest(text: string): Manifest | null {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return null;
	}
	if (!isMapping(value)) return null;
	const { manifest, sha256 } = value;
	// What passes was written by us, in this form: the key names it.
	if (sha256 !== sha256Of(JSON.stringify(manifest))) return null;
	return isManifest(manifest) ? manifest : null;
}

function isManifest(value: unknown): value is Manifest {
	return (
		isMapping(value) &&
		typeof value["key"] === "string" &&
		isHash(value["key"]) &&
		Array.isArray(value["tensors"]) &&
		value["tensors"].every(isCachedFile) &&
		(value["graph"] === null || isCachedFile(value["graph"]))
	);
}

function isCachedFile(value: unknown): value is CachedFile {
	return (
		isMapping(value) &&
		typeof value["sha256"] === "string" &&
		isHash(value["sha256"]) &&
		typeof value["bytes"] === "number"
	);
}

/** Of the files that loads map. */
export function bytesOf({ graph, tensors }: Manifest): number {
	return tensors.reduce((sum, { bytes }) => sum + bytes, graph?.bytes ?? 0);
}
