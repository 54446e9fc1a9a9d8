// What a model's own files are: the digest of all of them, external tensors included, with the stamps by which a later
// load sees that they are still the same without reading them.
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { isMapping } from "../../../common/mapping.ts";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import {
	type CachePaths,
	type FileStamp,
	hashFile,
	publishFile,
	sha256Of,
	stampFile,
} from "./cache-files.ts";
import { listExternalData } from "./onnx-messages.ts";

export interface SourceRecord {
	/** Start of the machine that the stamps are from. */
	readonly bootId: string;
	readonly digest: string;
	/** The model's file and those of its external tensors, absolute. */
	readonly files: readonly {
		readonly path: string;
		readonly stamp: FileStamp;
	}[];
	/** False: a file was so new that its times would not show another write. */
	readonly isSettled: boolean;
	readonly bytes: number;
}

/** A file's times move in steps: 10 ms at most in Linux, whole seconds on some network file systems. */
const FINE_STEP_MS = 20;
const COARSE_STEP_MS = 2000;

/** Reads every byte: not for an event loop. Throws LOAD_FAILED when files change meanwhile, or lie outside. */
export function digestSource(path: string, bootId: string): SourceRecord {
	const stamps = new Map([[path, stampFile(path)]]);
	const startMs = Date.now();
	const model = readFileSync(path);
	const folder = dirname(path);
	const locations = new Set(
		listExternalData(model).map((data) => locationOf(data)),
	);
	const digest = createHash("sha256").update(sha256Of(model));
	let bytes = model.length;
	for (const location of [...locations].sort()) {
		const file = insideOf(folder, location);
		stamps.set(file, stampFile(file));
		bytes += statSync(file).size;
		digest.update(`\0${location}\0${hashFile(file).digest("hex")}`);
	}
	for (const [file, stamp] of stamps)
		if (stampFile(file) !== stamp)
			throw new SaccadeError(
				"LOAD_FAILED",
				`${file} changed while it was read; load the model when it is written`,
			);
	return {
		bootId,
		digest: digest.digest("hex"),
		files: [...stamps].map(([file, stamp]) => ({ path: file, stamp })),
		isSettled: [...stamps.keys()].every((file) => isSettled(file, startMs)),
		bytes,
	};
}

export function locationOf(
	data: readonly (readonly [string, string])[],
): string {
	return data.find(([key]) => key === "location")?.[1] ?? "";
}

/** ONNX Runtime refuses what leads out of the model's folder, and so does the cache. */
export function insideOf(folder: string, location: string): string {
	const file = join(folder, location);
	const way = relative(folder, file);
	if (
		location !== "" &&
		way !== ".." &&
		!way.startsWith(`..${sep}`) &&
		!isAbsolute(way)
	)
		return file;
	throw new SaccadeError(
		"LOAD_FAILED",
		`a tensor of the model lies in '${location}', outside of the model's folder`,
	);
}

function isSettled(file: string, readAtMs: number): boolean {
	const { mtimeNs, ctimeNs } = statSync(file, { bigint: true });
	const isCoarse = mtimeNs % 1_000_000_000n === 0n;
	const stepMs = isCoarse ? COARSE_STEP_MS : FINE_STEP_MS;
	return Number(ctimeNs / 1_000_000n) + stepMs < readAtMs;
}

/** By path, in memory and in the cache. */
export class SourceRecords {
	readonly #paths: CachePaths;
	readonly #known = new Map<string, SourceRecord>();

	constructor(paths: CachePaths) {
		this.#paths = paths;
	}

	/** Null: the files have to be read. Looks at their stamps alone. */
	async find(
		path: string,
		bootId: string,
		stat: (path: string) => Promise<FileStamp | null>,
	): Promise<SourceRecord | null> {
		const record = this.#known.get(path) ?? (await this.#read(path));
		if (record === null || !record.isSettled || record.bootId !== bootId)
			return null;
		for (const file of record.files)
			if ((await stat(file.path)) !== file.stamp) return null;
		this.#known.set(path, record);
		return record;
	}

	remember(path: string, record: SourceRecord): void {
		this.#known.set(path, record);
	}

	async #read(path: string): Promise<SourceRecord | null> {
		try {
			const text = await readFile(recordPath(this.#paths, path), "utf8");
			const record: unknown = JSON.parse(text);
			return isSourceRecord(record) ? record : null;
		} catch {
			return null;
		}
	}
}

export function writeSourceRecord(
	paths: CachePaths,
	path: string,
	record: SourceRecord,
): void {
	publishFile(paths, recordPath(paths, path), JSON.stringify(record));
}

function recordPath({ sources }: CachePaths, path: string): string {
	return join(sources, sha256Of(path));
}

export function isSourceRecord(value: unknown): value is SourceRecord {
	return (
		isMapping(value) &&
		typeof value["bootId"] === "string" &&
		typeof value["digest"] === "string" &&
		typeof value["bytes"] === "number" &&
		typeof value["isSettled"] === "boolean" &&
		Array.isArray(value["files"]) &&
		value["files"].every(
			(file) =>
				isMapping(file) &&
				typeof file["path"] === "string" &&
				typeof file["stamp"] === "string",
		)
	);
}
