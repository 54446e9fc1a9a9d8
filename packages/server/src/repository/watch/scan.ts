// What a model repository looks like at one instant: every file with what tells that it changed, and every directory in
// which a change would show, those that links lead through among them. Synchronous: it runs in a thread of its own.
import {
	type BigIntStats,
	lstatSync,
	readdirSync,
	readlinkSync,
	realpathSync,
	statfsSync,
	statSync,
} from "node:fs";
import { basename, join, resolve, sep } from "node:path";

export interface ScannedFile {
	/** Relative to the model's directory, with slashes. */
	readonly name: string;
	readonly path: string;
	readonly size: number;
	/** Another one when the file may be another one. */
	readonly stamp: string;
}

export interface ScannedDirectory {
	readonly path: string;
	/** Another one when another directory is at the path. */
	readonly id: string;
}

export interface ModelScan {
	readonly name: string;
	readonly path: string;
	/** Another one when anything about the model's files changed. */
	readonly signature: string;
	readonly files: readonly ScannedFile[];
	readonly directories: readonly ScannedDirectory[];
	/** What cannot be read, and why. */
	readonly problems: readonly string[];
}

export interface RepositoryScan {
	readonly models: readonly ModelScan[];
	readonly directories: readonly ScannedDirectory[];
	/** Null: it could be read. */
	readonly problem: string | null;
	/** Others can change files of this file system without a word to this machine. */
	readonly isRemote: boolean;
}

/** Directories inside one another: more is a mistake. */
const MAX_DEPTH = 8;
const MAX_FILES = 10_000;
/** As many as Linux follows. */
const MAX_LINKS = 40;
/** Names that copying tools give to what is not done yet, that editors leave behind, and what nobody serves. */
const NOT_CONTENT =
	/^\.|~$|\.(?:tmp|part|partial|filepart|crdownload|swp|md)$/i;
/** NFS, SMB, CIFS, FUSE, 9P, Ceph, AFS, Lustre. https://man7.org/linux/man-pages/man2/statfs.2.html */
const REMOTE_TYPES: ReadonlySet<number> = new Set([
	0x6969, 0x517b, 0xfe534d42, 0xff534d42, 0x65735546, 0x01021997, 0x00c36400,
	0x5346414f, 0x0bd00bd0,
]);

export function scanRepository(path: string): RepositoryScan {
	const directories = new Map<string, ScannedDirectory>();
	const note = (directory: string) => noteDirectory(directories, directory);
	noteLinks(path, note);
	note(path);
	try {
		const models = readdirSync(path)
			.filter((name) => !name.startsWith("."))
			.sort()
			.map((name) => scanModel(join(path, name)))
			.filter((scan) => scan !== null);
		return {
			models,
			directories: [...directories.values()],
			problem: null,
			isRemote: REMOTE_TYPES.has(statfsSync(path).type >>> 0),
		};
	} catch (error) {
		const problem = `the model repository ${path} cannot be read (${codeOf(error)}); what serves stays`;
		return {
			models: [],
			directories: [...directories.values()],
			problem,
			isRemote: false,
		};
	}
}

/** Null: there is no such directory. */
export function scanModel(path: string): ModelScan | null {
	const walk = new Walk();
	noteLinks(path, (directory) => walk.note(directory));
	const stats = walk.stat(path, basename(path));
	if (stats === null ? walk.problems.length === 0 : !stats.isDirectory())
		return null;
	if (stats !== null) walk.directory(path, "", [idOf(stats)]);
	return walk.result(path);
}

class Walk {
	readonly problems: string[] = [];
	readonly #files: ScannedFile[] = [];
	readonly #directories = new Map<string, ScannedDirectory>();

	note(directory: string): void {
		noteDirectory(this.#directories, directory);
	}

	/** @param above ids of the directories that this one is in: a link back to one of them is a loop */
	directory(path: string, name: string, above: readonly string[]): void {
		this.note(path);
		for (const entry of this.#entries(path, name)) {
			if (NOT_CONTENT.test(entry)) continue;
			const child = join(path, entry);
			const childName = name === "" ? entry : `${name}/${entry}`;
			if (isLink(child)) noteLinks(child, (directory) => this.note(directory));
			const stats = this.stat(child, childName);
			if (stats === null) continue;
			if (!stats.isDirectory()) this.#file(child, childName, stats);
			else if (above.includes(idOf(stats)))
				this.problems.push(`'${childName}' is a link to a directory above it`);
			else if (above.length >= MAX_DEPTH)
				this.problems.push(`'${childName}' is more than ${MAX_DEPTH} deep`);
			else this.directory(child, childName, [...above, idOf(stats)]);
		}
	}

	/** Null: it is not there any more, or cannot be looked at, which is a problem. */
	stat(path: string, name: string): BigIntStats | null {
		try {
			return statSync(path, { bigint: true });
		} catch (error) {
			const code = codeOf(error);
			if (code === "ELOOP") this.problems.push(`'${name}' is a loop of links`);
			else if (code !== "ENOENT" && code !== "ENOTDIR")
				this.problems.push(`'${name}' cannot be read (${code})`);
			return null;
		}
	}

	result(path: string): ModelScan {
		const { problems } = this;
		const files = this.#files.sort((a, b) => (a.name < b.name ? -1 : 1));
		const lines = files.map(({ name, stamp }) => `${name} ${stamp}`);
		return {
			name: basename(path),
			path,
			signature: [...lines, ...problems].join("\n"),
			files,
			directories: [...this.#directories.values()],
			problems,
		};
	}

	#entries(path: string, name: string): string[] {
		try {
			return readdirSync(path).sort();
		} catch (error) {
			const code = codeOf(error);
			if (code !== "ENOENT")
				this.problems.push(`'${name || "."}' cannot be read (${code})`);
			return [];
		}
	}

	#file(path: string, name: string, stats: BigIntStats): void {
		if (!stats.isFile()) return;
		if (this.#files.length === MAX_FILES) {
			this.problems.push(`more than ${MAX_FILES} files`);
			return;
		}
		if (this.#files.length > MAX_FILES) return;
		const { size, mtimeNs, ctimeNs } = stats;
		const stamp = `${idOf(stats)} ${size} ${mtimeNs} ${ctimeNs}`;
		this.#files.push({ name, path, size: Number(size), stamp });
	}
}

/** Every directory that holds a link on the way to `path`: where the link is put elsewhere, it shows there. */
function noteLinks(path: string, note: (directory: string) => void): void {
	let rest = resolve(path).split(sep).filter(Boolean);
	let at: string = sep;
	for (let links = 0; rest.length > 0 && links < MAX_LINKS; ) {
		const next = join(at, rest[0] ?? "");
		if (!isLink(next)) {
			at = next;
			rest = rest.slice(1);
			continue;
		}
		links++;
		note(at);
		const target = resolve(at, readlinkSync(next));
		rest = [...target.split(sep).filter(Boolean), ...rest.slice(1)];
		at = sep;
	}
}

function noteDirectory(
	directories: Map<string, ScannedDirectory>,
	path: string,
): void {
	try {
		const real = realpathSync(path);
		directories.set(real, {
			path: real,
			id: idOf(statSync(real, { bigint: true })),
		});
	} catch {
		// Gone, or a loop: whoever looks into it tells.
	}
}

function isLink(path: string): boolean {
	try {
		return lstatSync(path).isSymbolicLink();
	} catch {
		return false;
	}
}

function idOf({ dev, ino }: BigIntStats): string {
	return `${dev}:${ino}`;
}

function codeOf(error: unknown): string {
	return (error as NodeJS.ErrnoException).code ?? String(error);
}
