// What is in a model's files, by hash, so that a file that was only touched, or came back under another inode, changes
// nothing. A version's digest names its own files and those that all versions share.
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { whatIsMissing } from "./onnx-completeness.ts";
import { type ModelScan, type ScannedFile, scanModel } from "./scan.ts";

export interface ModelContent extends ModelScan {
	/** By version: `sha256:…`. */
	readonly digests: ReadonlyMap<number, string>;
	/** False: something changed while it was read. */
	readonly isStill: boolean;
}

const VERSION_FILE = /^(0|[1-9]\d{0,17})\//;
const CHUNK_BYTES = 1024 * 1024;

/** Hashes by path and stamp: only what changed is read again. */
export class ContentReader {
	readonly #known = new Map<
		string,
		{
			readonly stamp: string;
			readonly hash: string;
			readonly missing: string | null;
		}
	>();
	readonly #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);

	/** Null: there is no such directory. */
	read(path: string): ModelContent | null {
		const scan = scanModel(path);
		if (scan === null) return null;
		const problems = [...scan.problems];
		const hashes = new Map<string, string>();
		for (const file of scan.files) {
			const known = this.#look(file, problems);
			if (known === null) continue;
			hashes.set(file.name, known.hash);
			if (known.missing !== null)
				problems.push(`'${file.name}' is not whole: ${known.missing}`);
		}
		return {
			...scan,
			problems,
			digests: digestsOf(scan.files, hashes),
			isStill: scanModel(path)?.signature === scan.signature,
		};
	}

	#look(file: ScannedFile, problems: string[]) {
		const before = this.#known.get(file.path);
		// Data files belong to it: whether it is whole may change without it.
		const missing = () =>
			file.name.endsWith(".onnx") ? whatIsMissing(file.path) : null;
		try {
			const hash =
				before?.stamp === file.stamp ? before.hash : this.#hash(file.path);
			const known = { stamp: file.stamp, hash, missing: missing() };
			this.#known.set(file.path, known);
			return known;
		} catch (error) {
			const code = (error as NodeJS.ErrnoException).code ?? String(error);
			problems.push(`'${file.name}' cannot be read (${code})`);
			return null;
		}
	}

	#hash(path: string): string {
		const fd = openSync(path, "r");
		try {
			const hash = createHash("sha256");
			for (;;) {
				const count = readSync(fd, this.#chunk, 0, CHUNK_BYTES, null);
				if (count === 0) return hash.digest("hex");
				hash.update(this.#chunk.subarray(0, count));
			}
		} finally {
			closeSync(fd);
		}
	}
}

function digestsOf(
	files: readonly ScannedFile[],
	hashes: ReadonlyMap<string, string>,
): ReadonlyMap<number, string> {
	const versionOf = ({ name }: ScannedFile) => VERSION_FILE.exec(name)?.[1];
	const versions = new Set(
		files.map(versionOf).filter((one) => one !== undefined),
	);
	return new Map(
		[...versions].map((version) => {
			const hash = createHash("sha256");
			for (const file of files) {
				const own = versionOf(file);
				if (own !== undefined && own !== version) continue;
				hash.update(`${file.name}\0${hashes.get(file.name)}\n`);
			}
			return [Number(version), `sha256:${hash.digest("hex")}`];
		}),
	);
}
