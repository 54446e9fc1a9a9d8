// The files of a load request, in a directory of our own that only we can read, laid out as a repository with one
// model. Everything about them is checked before the first byte is written.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSaccadeError, SaccadeError } from "../errors/saccade-error.ts";
import {
	assertModelName,
	type ModelDirectory,
	readModelDirectory,
	resolveInside,
} from "./model-directory.ts";

export interface OverrideLimits {
	/** Of all files together. */
	readonly maxBytes: number;
	readonly maxFiles: number;
}

export interface WrittenOverride {
	/** To be removed with all that is in it. */
	readonly root: string;
	readonly directory: ModelDirectory;
}

/** `<version>/<path>`; Triton dies of 256 characters in a row. */
const VERSION_PATH = /^(0|[1-9]\d{0,17})\/[^\0\\]{1,200}$/;
const MAX_PART_LENGTH = 100;

/**
 * Throws LOAD_FAILED and leaves nothing behind.
 * @param parent where the directory is made
 * @param files `<version>/<path>` → content
 */
export async function writeOverride(
	parent: string,
	model: string,
	files: ReadonlyMap<string, Uint8Array>,
	limits: OverrideLimits,
): Promise<WrittenOverride> {
	assertModelName(model);
	assertFiles(files, limits);
	let root: string | null = null;
	try {
		root = await mkdtemp(join(parent, "saccade-override-"));
		const base = join(root, model);
		for (const [path, content] of files) {
			const target = resolveInside(base, path);
			await mkdir(dirname(target), { recursive: true, mode: 0o700 });
			await writeFile(target, content, { mode: 0o600, flag: "wx" });
		}
		const directory = await readModelDirectory(root, model);
		if (directory === null) throw failed("the override holds no version");
		return { root, directory };
	} catch (error) {
		if (root !== null) await rm(root, { recursive: true, force: true });
		if (isSaccadeError(error)) throw error;
		const text = error instanceof Error ? error.message : String(error);
		throw failed(
			`its files cannot be written: ${text}; make room in ${parent}, or name another with TMPDIR`,
			error,
		);
	}
}

function assertFiles(
	files: ReadonlyMap<string, Uint8Array>,
	{ maxBytes, maxFiles }: OverrideLimits,
): void {
	if (files.size > maxFiles)
		throw failed(
			`an override has at most ${maxFiles} files, got ${files.size}`,
		);
	let total = 0;
	for (const [path, content] of files) {
		total += content.byteLength;
		if (!isVersionPath(path))
			throw failed(
				`'${path.slice(0, 100)}' is no file of a version: use '<version>/<path>'`,
			);
	}
	if (total > maxBytes)
		throw failed(`the files have ${total} bytes, the limit is ${maxBytes}`);
}

/** As it is written, without a way up, so that two spellings of one path cannot meet. */
function isVersionPath(path: string): boolean {
	const isPart = (part: string) =>
		part !== "" &&
		part !== "." &&
		part !== ".." &&
		part.length <= MAX_PART_LENGTH;
	return VERSION_PATH.test(path) && path.split("/").every(isPart);
}

function failed(text: string, cause?: unknown): SaccadeError {
	return new SaccadeError("LOAD_FAILED", text, { cause });
}
