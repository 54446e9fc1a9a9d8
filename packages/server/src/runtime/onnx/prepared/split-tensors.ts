// Takes the tensors of an optimised model out of the one file that ONNX Runtime writes, into files that are named by
// their content: versions of a model that share a tensor share its file, its place on disk and its memory.
import { createHash } from "node:crypto";
import {
	closeSync,
	fstatSync,
	fsyncSync,
	openSync,
	readSync,
	renameSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import { type CachePaths, FILE_MODE } from "./cache-files.ts";
import type { CachedFile } from "./manifest.ts";
import { type ExternalData, mapExternalData } from "./onnx-messages.ts";
import { isWhole } from "./verified.ts";

const CHUNK_BYTES = 1024 * 1024;
/** Packed forms begin at a page, as mappings do. */
const PAGE_BYTES = 4096;
const PREPACKED = "prepacked";

/** Bytes of the tensors' file, and where they come to lie in a file of their own. */
interface Part {
	readonly from: number;
	readonly bytes: number;
	readonly to: number;
}

interface Plan {
	readonly parts: readonly Part[];
	readonly bytes: number;
	/** Of the tensor in its own file. */
	readonly data: (location: string) => ExternalData;
}

export interface SplitOptions {
	readonly paths: CachePaths;
	/** As written by ONNX Runtime. */
	readonly graph: Uint8Array;
	readonly tensorsFile: string;
	/** Also what kernels packed. */
	readonly keepPrepacked: boolean;
	/** A path for a file that is not finished. */
	readonly beside: string;
}

export interface SplitModel {
	readonly graph: Uint8Array;
	readonly tensors: readonly CachedFile[];
}

/** Blocks: not for an event loop. Throws LOAD_FAILED when the file is shorter than its graph says: a full disk. */
export function splitTensors(options: SplitOptions): SplitModel {
	const { paths, graph, tensorsFile, keepPrepacked, beside } = options;
	const source = openSync(tensorsFile, "r");
	const tensors = new Map<string, CachedFile>();
	try {
		const available = fstatSync(source).size;
		const rewritten = mapExternalData(graph, (data) => {
			const plan = planTensor(data, keepPrepacked);
			assertWithin(plan, available);
			const file = placeTensor(source, plan, paths, beside);
			tensors.set(file.sha256, file);
			return plan.data(file.sha256);
		});
		return { graph: rewritten, tensors: [...tensors.values()] };
	} finally {
		closeSync(source);
	}
}

function assertWithin({ parts }: Plan, available: number): void {
	for (const { from, bytes } of parts)
		if (from + bytes > available)
			throw new SaccadeError(
				"LOAD_FAILED",
				`the optimised model was not written whole: its tensors end at byte ${from + bytes}, the file at ${available}`,
			);
}

/** @param data as ONNX Runtime wrote it: `prepacked_n` is `name|offset;bytes;checksum|…` */
function planTensor(data: ExternalData, keepPrepacked: boolean): Plan {
	const numberOf = (key: string) =>
		Number(data.find(([known]) => known === key)?.[1] ?? 0);
	const bytes = numberOf("length");
	const parts: Part[] = [{ from: numberOf("offset"), bytes, to: 0 }];
	let end = bytes;
	const packed: (readonly [string, string])[] = [];
	for (const [key, value] of data) {
		if (!keepPrepacked || !key.startsWith(PREPACKED)) continue;
		const [name = "", ...blobs] = value.split("|");
		const placed = blobs.map((blob) => {
			const [from, length, checksum = "0"] = blob.split(";");
			const to = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
			const part = { from: Number(from), bytes: Number(length), to };
			parts.push(part);
			end = to + part.bytes;
			return `${to};${part.bytes};${checksum}`;
		});
		packed.push([key, [name, ...placed].join("|")]);
	}
	return {
		parts,
		bytes: end,
		data: (location) => [
			["location", location],
			["offset", "0"],
			["length", String(bytes)],
			...packed,
		],
	};
}

/** The file of the tensor in the cache; written unless it is there, whole. */
function placeTensor(
	source: number,
	plan: Plan,
	{ tensors }: CachePaths,
	beside: string,
): CachedFile {
	const hash = createHash("sha256");
	copyParts(source, plan, (chunk) => hash.update(chunk));
	const file = { sha256: hash.digest("hex"), bytes: plan.bytes };
	const path = join(tensors, file.sha256);
	if (isWhole(path, file)) return file;
	const target = openSync(beside, "wx", FILE_MODE);
	try {
		copyParts(source, plan, (chunk) => {
			for (let at = 0; at < chunk.length; ) at += writeSync(target, chunk, at);
		});
		fsyncSync(target);
	} finally {
		closeSync(target);
	}
	renameSync(beside, path);
	return file;
}

function copyParts(
	source: number,
	{ parts }: Plan,
	take: (chunk: Uint8Array) => void,
): void {
	const chunk = new Uint8Array(CHUNK_BYTES);
	let at = 0;
	for (const { from, bytes, to } of parts) {
		if (to > at) take(new Uint8Array(to - at));
		for (let done = 0; done < bytes; ) {
			const length = Math.min(CHUNK_BYTES, bytes - done);
			const count = readSync(source, chunk, 0, length, from + done);
			if (count === 0)
				throw new SaccadeError("LOAD_FAILED", "the tensors' file was cut");
			take(chunk.subarray(0, count));
			done += count;
		}
		at = to + bytes;
	}
}
