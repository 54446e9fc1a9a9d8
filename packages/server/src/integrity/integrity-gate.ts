// Lets a version load only when its files are what its manifest says. The files are copied, to a folder that is the
// server's alone, while they are hashed, and the copy is what is loaded: nobody can exchange a file between the check
// and its use, also not while it is read.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { startLowPriorityWorker } from "../common/low-priority-worker.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { CheckRequest } from "./check-version.ts";

export interface IntegrityGateOptions {
	readonly mode: "digest" | "signature";
	/** Public keys in PEM. */
	readonly keys: readonly string[];
	/** For the copies. Made when it is needed. */
	readonly folder: string;
	/** Wall-clock time in ms since 1970. */
	readonly nowMs: () => number;
}

interface Files {
	readonly model: string;
	readonly version: number;
	/** Of the model. */
	readonly directory: string;
	/** Of the model. */
	readonly path: string;
	readonly configTexts: readonly string[];
	readonly isOverridden: boolean;
}

interface Admitted {
	readonly directory: string;
	readonly path: string;
	readonly bytes: number;
	release(): Promise<void>;
}

/** Reading and hashing a model takes a core for long; whoever waits for an answer goes first. */
const NICE = 10;

export class IntegrityGate {
	readonly #options: IntegrityGateOptions;
	#isFolderReady = false;

	constructor(options: IntegrityGateOptions) {
		this.#options = options;
	}

	/** Throws LOAD_FAILED that says what is wrong and what to do. */
	async admit(files: Files): Promise<Admitted> {
		const { mode, keys, nowMs } = this.#options;
		const { model, version, directory, path, configTexts } = files;
		if (files.isOverridden && mode === "signature")
			throw refused(
				files,
				"a configuration that comes with the request is signed by nobody; put it into config.pbtxt and sign that",
			);
		const below = relative(directory, path);
		const root = await this.#makeFolder(files);
		const release = () =>
			// Windows keeps files that are mapped; they go when the next server starts.
			rm(root, { recursive: true, force: true }).catch(() => {});
		try {
			const problem = await check({
				directory,
				model,
				version,
				mode,
				keys,
				nowMs: nowMs(),
				configTexts,
				copyTo: root,
			});
			if (problem !== null) throw refused(files, problem);
			const copy = join(root, below);
			const { size } = await stat(copy).catch(() => {
				throw refused(
					files,
					`${below.split(sep).slice(1).join("/")} is not in its manifest: it was added after signing; sign again`,
				);
			});
			return { directory: root, path: copy, bytes: size, release };
		} catch (error) {
			await release();
			throw error;
		}
	}

	async #makeFolder(files: Files): Promise<string> {
		const { folder } = this.#options;
		try {
			if (!this.#isFolderReady) {
				mkdirSync(folder, { recursive: true, mode: 0o700 });
				sweep(folder);
				this.#isFolderReady = true;
			}
			return await mkdtemp(join(folder, `${process.pid}-`));
		} catch (error) {
			const text = error instanceof Error ? error.message : String(error);
			throw refused(
				files,
				`its files cannot be copied to ${folder}: ${text}; make room there, or name another --state-dir`,
			);
		}
	}
}

/** Removes what servers left behind that ended before they could. */
function sweep(folder: string): void {
	for (const name of readdirSync(folder)) {
		const pid = Number(name.split("-")[0]);
		if (!isRunning(pid))
			rmSync(join(folder, name), { recursive: true, force: true });
	}
}

function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}

function check(request: CheckRequest): Promise<string | null> {
	const isSource = import.meta.url.endsWith(".ts");
	const file = isSource ? "check-worker.ts" : "check-worker.js";
	const url = new URL(file, import.meta.url);
	const worker = startLowPriorityWorker(NICE, url, {
		name: "integrity",
		workerData: request,
		// A launcher that resolves to sources does so in its own thread only.
		...(isSource && { execArgv: ["--conditions=source"] }),
	});
	return new Promise((resolve, reject) => {
		worker.once("message", resolve);
		worker.once("error", reject);
		worker.once("exit", () =>
			reject(new Error("the thread that checks a version ended")),
		);
	});
}

function refused({ model, version }: Files, problem: string): SaccadeError {
	return new SaccadeError(
		"LOAD_FAILED",
		`model '${model}' version ${version} may not serve (--model-integrity): ${problem}`,
	);
}
