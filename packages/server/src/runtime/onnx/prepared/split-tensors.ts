// Takes the tensors of an optimised model out of the one file that ONNX Runtime writes, into files that are named by
// their content: versions of a model that share a tensor share its file, its place on disk and its memory. Small
// neighbours are together: each file costs a load some 60 µs (docs/decisions/0016-prepared-models.md).
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
import {
	type ExternalData,
	listExternalData,
	mapExternalData,
} from "./onnx-messages.ts";
import { groupTensors } from "./tensor-groups.ts";
import { isWhole } from "./verified.ts";

const CHUNK_BYTES = 1024 * 1024;
/** Packed forms begin at a page, as mappings do. */
const PAGE_BYTES = 4096;
const PREPACKED = "prepacked";

/** Bytes of the tensors' file, and where they come to lie in a file of the cache. */
interface Part {
	readonly from: number;
	readonly bytes: number;
	readonly to: number;
}

interface Plan {
	/** Of the tensor and what was packed of it, from the tensor's own start. */
	readonly parts: readonly Part[];
	readonly bytes: number;
	/** In a file of the cache, where the tensor starts at `offset`. */
	readonly data: (location: string, offset: number) => ExternalData;
}

/** What a kernel made of a tensor. */
interface PackedBlob {
	readonly part: Part;
	readonly checksum: string;
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
	try {
		const available = fstatSync(source).size;
		const plans = listExternalData(graph).map((data) =>
			planTensor(data, keepPrepacked),
		);
		for (const plan of plans) assertWithin(plan, available);
		const tensors = new Map<string, CachedFile>();
		const placed = new Map<Plan, ExternalData>();
		for (const group of groupTensors(plans)) {
			const { parts, bytes, offsets } = layOut(group);
			const file = placeTensors(source, { parts, bytes }, paths, beside);
			tensors.set(file.sha256, file);
			for (const [index, plan] of group.entries())
				placed.set(plan, plan.data(file.sha256, offsets[index] ?? 0));
		}
		let at = 0;
		return {
			// It visits the tensors in the order in which they were listed.
			graph: mapExternalData(graph, (was) => placed.get(plans[at++]!) ?? was),
			tensors: [...tensors.values()],
		};
	} finally {
		closeSync(source);
	}
}

/** One after the other, each from the start of a page, as it is mapped. */
function layOut(group: readonly Plan[]): {
	readonly parts: readonly Part[];
	readonly bytes: number;
	readonly offsets: readonly number[];
} {
	const offsets: number[] = [];
	const parts: Part[] = [];
	let end = 0;
	for (const plan of group) {
		const offset = toPage(end);
		offsets.push(offset);
		for (const part of plan.parts)
			parts.push({ ...part, to: offset + part.to });
		end = offset + plan.bytes;
	}
	return { parts, bytes: end, offsets };
}

function toPage(bytes: number): number {
	return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
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
	const packed: { key: string; name: string; blobs: PackedBlob[] }[] = [];
	for (const [key, value] of data) {
		if (!keepPrepacked || !key.startsWith(PREPACKED)) continue;
		const [name = "", ...texts] = value.split("|");
		const blobs = texts.map((text) => {
			const [from, length, checksum = "0"] = text.split(";");
			const part = {
				from: Number(from),
				bytes: Number(length),
				to: toPage(end),
			};
			parts.push(part);
			end = part.to + part.bytes;
			return { part, checksum };
		});
		packed.push({ key, name, blobs });
	}
	const textOf = (offset: number) => (blob: PackedBlob) =>
		`${offset + blob.part.to};${blob.part.bytes};${blob.checksum}`;
	return {
		parts,
		bytes: end,
		data: (location, offset) => [
			["location", location],
			["offset", String(offset)],
			["length", String(bytes)],
			...packed.map(
				({ key, name, blobs }) =>
					[key, [name, ...blobs.map(textOf(offset))].join("|")] as const,
			),
		],
	};
}

/** The file of these bytes in the cache; written unless it is there, whole. */
function placeTensors(
	source: number,
	plan: Pick<Plan, "parts" | "bytes">,
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
	{ parts }: Pick<Plan, "parts">,
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
