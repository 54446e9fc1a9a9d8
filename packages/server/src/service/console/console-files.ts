// The files of the console, built once and compressed then; read when somebody first asks for them.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";

/** From the smallest on. */
const CODINGS = [
	["br", ".br"],
	["gzip", ".gz"],
] as const;

type FileCoding = (typeof CODINGS)[number][0] | null;

export interface ConsoleFile {
	readonly type: string;
	readonly coding: FileCoding;
	readonly etag: string;
	/** Its name changes with its content. */
	readonly isImmutable: boolean;
	readonly bytes: Uint8Array;
}

const TYPES: Readonly<Record<string, string>> = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
	".woff2": "font/woff2",
};

/** Bytes by coding; "" is as it is. */
type Variants = ReadonlyMap<string, Omit<ConsoleFile, "coding">>;

export class ConsoleFiles {
	readonly #folder: string;
	#files: Promise<ReadonlyMap<string, Variants>> | null = null;

	constructor(folder: string) {
		this.#folder = folder;
	}

	/**
	 * Null: there is no such file, or the console was never built.
	 * @param path as in the address, e.g. `/assets/index.js`
	 * @param codings that the browser takes
	 */
	async find(
		path: string,
		codings: readonly string[],
	): Promise<ConsoleFile | null> {
		this.#files ??= readFiles(this.#folder);
		const files = await this.#files;
		// A build that comes later is found.
		if (files.size === 0) this.#files = null;
		const variants = files.get(path === "/" ? "/index.html" : path);
		if (variants === undefined) return null;
		for (const [coding] of CODINGS) {
			const variant = variants.get(coding);
			if (variant !== undefined && codings.includes(coding))
				return { ...variant, coding };
		}
		const plain = variants.get("");
		return plain === undefined ? null : { ...plain, coding: null };
	}
}

async function readFiles(folder: string) {
	const files = new Map<string, Map<string, Omit<ConsoleFile, "coding">>>();
	const names = await readdir(folder, { recursive: true }).catch(() => []);
	for (const name of names) {
		const { plain, coding } = codingOf(name);
		const type = TYPES[extname(plain)];
		if (type === undefined) continue;
		const bytes = await readFile(join(folder, name));
		const path = `/${plain.split(sep).join("/")}`;
		const variants = files.get(path) ?? new Map();
		variants.set(coding, {
			type,
			bytes,
			etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
			isImmutable: path.startsWith("/assets/"),
		});
		files.set(path, variants);
	}
	return files;
}

function codingOf(name: string): {
	readonly plain: string;
	readonly coding: string;
} {
	for (const [coding, suffix] of CODINGS)
		if (name.endsWith(suffix))
			return { plain: name.slice(0, -suffix.length), coding };
	return { plain: name, coding: "" };
}
