// Models that were made ready for this machine once: the optimised graph, with its tensors in files that every process
// maps from the page cache. `open` finds a model's entry by stamps of files alone, has it made in another process where
// there is none, and loads the model as it is where that cannot be, with a word in the log.
//
//   stamps known ──▶ entry whole ──▶ load from the cache
//        └──────┬───────┘ no: preparing (read, hash, perhaps make)
//               └── cannot be ──▶ load as it is
import { readFile, realpath, stat } from "node:fs/promises";
import { RecentMap } from "../../../common/recent-map.ts";
import { isSaccadeError } from "../../../errors/saccade-error.ts";
import type { LoadOptions, Runtime, Session } from "../../runtime.ts";
import {
	assertOwnFolder,
	type CachePaths,
	cachePaths,
	entryPaths,
	type FileStamp,
	stampOf,
} from "./cache-files.ts";
import { cpuFeatures } from "./cpu-features.ts";
import { entryKey, type WeightsSetting } from "./entry-key.ts";
import { type EntryPin, pinEntry } from "./entry-pin.ts";
import { canLockFiles } from "./file-lock.ts";
import { makeLoadFolder } from "./load-folder.ts";
import { preparedOptions, withTensorsIn } from "./load-prepared.ts";
import { decodeManifest, type Manifest } from "./manifest.ts";
import type { Obtained, PrepareJob } from "./obtain-entry.ts";
import { PinnedSession } from "./pinned-session.ts";
import { Preparer } from "./preparer.ts";
import { withOwnFiles } from "./private-copy.ts";
import { SourceRecords } from "./source-digest.ts";
import {
	filesOf,
	readBootId,
	readVerified,
	type Verified,
} from "./verified.ts";

/** `read-only`: what is there is used, and nothing is made. */
type PreparedMode = "on" | "read-only" | "off";

export interface PreparedModelsOptions {
	readonly mode: PreparedMode;
	/** Made when it is first needed. */
	readonly folder: string;
	/** Of the whole cache. */
	readonly maxBytes: number;
	/** The one that loads; its library also prepares. */
	readonly runtime: Runtime;
	/** Null: the bundled one. */
	readonly libraryPath: string | null;
	/** Something that an operator should know: why a model is loaded as it is. */
	readonly warn: (text: string) => void;
}

export interface OpenPrepared {
	/** The model's own file. */
	readonly path: string;
	readonly bytes: number;
	readonly options: LoadOptions;
	/** @default auto */
	readonly weights?: WeightsSetting;
	/** Told when what follows is more than a load, and when the load itself begins. */
	readonly phase?: (phase: "preparing" | "loading") => void;
}

export interface Prepared {
	readonly manifest: Manifest;
	/** It was not in the cache before. */
	readonly isNew: boolean;
}

/** A process to prepare takes 0.3 s; a model this small is loaded in less than 20 ms, and holds little memory. */
const SMALL_BYTES = 4 * 1024 * 1024;
/** Of how many is remembered what was read: a server may see new versions for years. */
const KNOWN_ENTRIES = 32;
/** What could not be prepared is not tried again at once: a full disk stays full for a while. */
const RETRY_AFTER_MS = 60_000;

interface Found {
	readonly manifest: Manifest;
	/** Null: the model is best loaded as it is. */
	readonly graph: Uint8Array | null;
	readonly pin: EntryPin;
}

export class PreparedModels {
	readonly #options: PreparedModelsOptions;
	readonly #paths: CachePaths;
	readonly #sources: SourceRecords;
	readonly #preparer = new Preparer();
	/** By key: what was hashed since the machine started. */
	readonly #verified = new RecentMap<string, Verified>(KNOWN_ENTRIES);
	/** By key. An entry that was made anew has other stamps, and is read again. */
	readonly #manifests = new RecentMap<string, Manifest>(KNOWN_ENTRIES);
	/** By path and options, when preparing failed last, in ms of the monotonic clock. */
	readonly #failedAtMs = new Map<string, number>();

	constructor(options: PreparedModelsOptions) {
		this.#options = options;
		this.#paths = cachePaths(options.folder);
		this.#sources = new SourceRecords(this.#paths);
	}

	/** Throws what a plain load throws. */
	async open(request: OpenPrepared): Promise<Session> {
		const found = await this.#findOrPrepare(request);
		request.phase?.("loading");
		if (found === null) return this.#openAsItIs(request);
		const { graph } = found;
		if (graph === null) {
			found.pin.release();
			return this.#openAsItIs(request);
		}
		try {
			return await this.#openEntry(request, { ...found, graph });
		} catch (error) {
			found.pin.release();
			this.#warn(request.path, error);
			return this.#openAsItIs(request);
		}
	}

	/** Makes the entry of a model, or finds it. Throws LOAD_FAILED with the reason why there is none. */
	async prepare(
		request: OpenPrepared,
		progress: (text: string) => void = () => {},
	): Promise<Prepared> {
		const job = await this.#jobOf(request);
		const obtained = await this.#obtain(job, progress);
		const { manifest: path } = entryPaths(this.#paths, obtained.key);
		const manifest = decodeManifest(await readFile(path, "utf8"));
		if (manifest === null) throw new RangeError(`${path} is not whole`);
		return { manifest, isNew: obtained.isNew };
	}

	/** Ends what is being prepared. */
	close(): void {
		this.#preparer.close();
	}

	async #findOrPrepare(request: OpenPrepared): Promise<Found | null> {
		if (this.whyNot(request) !== null) return null;
		const name = attemptName(request);
		try {
			const job = await this.#jobOf(request);
			const found = await this.#find(job);
			if (found !== null) return found;
			const failedAtMs = this.#failedAtMs.get(name);
			if (
				failedAtMs !== undefined &&
				performance.now() < failedAtMs + RETRY_AFTER_MS
			)
				return null;
			request.phase?.("preparing");
			await this.#obtain(job);
			this.#failedAtMs.delete(name);
			return await this.#find(job);
		} catch (error) {
			this.#failedAtMs.set(name, performance.now());
			this.#warn(request.path, error);
			return null;
		}
	}

	/** Why a model is not for the cache, which is no failure; null: it is. */
	whyNot({ bytes, options, weights = "auto" }: OpenPrepared): string | null {
		if (this.#options.mode === "off")
			return "prepared models are switched off (--prepared-models)";
		if (!canLockFiles()) return "this system has no flock(2)";
		// Their models are compiled by them, and weights lie elsewhere.
		if ((options.providers ?? []).length > 0)
			return "models of execution providers are loaded as they are";
		if (weights !== "mapped" && bytes < SMALL_BYTES)
			return `it has less than ${SMALL_BYTES / 2 ** 20} MiB, and loads fast as it is`;
		return null;
	}

	async #jobOf(request: OpenPrepared): Promise<PrepareJob> {
		const { folder, maxBytes, mode, libraryPath } = this.#options;
		const { graphOptimization, sessionConfig } = request.options;
		// Side by side: each is a wait for a thread, and a load from the cache is short.
		const [source] = await Promise.all([
			// A link that is turned leads to another model.
			realpath(request.path),
			assertOwnFolder(this.#paths),
		]);
		return {
			cache: folder,
			maxBytes,
			isReadOnly: mode === "read-only",
			source,
			options: {
				...(graphOptimization !== undefined && { graphOptimization }),
				...(sessionConfig !== undefined && { sessionConfig }),
			},
			weights: request.weights ?? "auto",
			libraryPath,
		};
	}

	async #obtain(
		job: PrepareJob,
		progress?: (text: string) => void,
	): Promise<Obtained> {
		const obtained = await this.#preparer.prepare(job, progress);
		this.#sources.remember(job.source, obtained.source);
		this.#verified.set(obtained.key, obtained.verified);
		this.#manifests.delete(obtained.key);
		return obtained;
	}

	/** Null: something has to be read to know. Opens no file of the model, and maps none. */
	async #find(job: PrepareJob): Promise<Found | null> {
		const bootId = readBootId();
		const source = await this.#sources.find(job.source, bootId, stampAt);
		if (source === null) return null;
		const key = entryKey({
			modelDigest: source.digest,
			runtimeVersion: this.#options.runtime.version,
			cpu: cpuFeatures(),
			options: job.options,
			weights: job.weights,
		});
		const paths = entryPaths(this.#paths, key);
		const pin = pinEntry(paths.used);
		if (pin === null) return null;
		const manifest =
			this.#manifests.get(key) ??
			decodeManifest(await readFile(paths.manifest, "utf8").catch(() => ""));
		if (manifest !== null) {
			const [isVerified, graph] = await Promise.all([
				this.#isVerified(manifest),
				manifest.graph === null ? null : readOrNull(paths.graph),
			]);
			if (isVerified && (manifest.graph === null || graph !== null)) {
				this.#manifests.set(key, manifest);
				return { manifest, graph, pin };
			}
		}
		pin.release();
		return null;
	}

	/** Inode, size and times of every file are those that it had when it was hashed. */
	async #isVerified(manifest: Manifest): Promise<boolean> {
		const { key } = manifest;
		const verified =
			this.#verified.get(key) ?? (await readVerified(this.#paths, key));
		if (verified === null) return false;
		this.#verified.set(key, verified);
		const stamps = await Promise.all(
			filesOf(this.#paths, manifest).map(
				async ({ path }) => (await stampAt(path)) === verified.stamps[path],
			),
		);
		return stamps.every(Boolean);
	}

	async #openEntry(
		{ options }: OpenPrepared,
		{ manifest, graph, pin }: Found & { readonly graph: Uint8Array },
	): Promise<Session> {
		const session = await this.#options.runtime.load(
			{ kind: "bytes", bytes: graph },
			preparedOptions(options, manifest.weights, this.#paths.tensors),
		);
		return new PinnedSession(session, pin);
	}

	#openAsItIs({ path, bytes, options }: OpenPrepared): Promise<Session> {
		const { runtime, warn } = this.#options;
		const hasProviders = (options.providers ?? []).length > 0;
		return withOwnFiles(
			{
				path,
				// Providers may want the file, or compile the model anyway; Windows removes no file that is mapped.
				isLarge: bytes >= SMALL_BYTES && !hasProviders && canLockFiles(),
				makeFolder: () => makeLoadFolder(this.#paths),
				warn: (error) =>
					warn(`${path} takes more memory to load than it had to: ${error}`),
			},
			(source) =>
				source.kind === "file"
					? runtime.load(source, options)
					: runtime.load(
							{ kind: "bytes", bytes: source.graph },
							withTensorsIn(options, source.tensors),
						),
		);
	}

	#warn(path: string, error: unknown): void {
		const reason = isSaccadeError(error) ? error.message : String(error);
		this.#options.warn(
			`${path} is not loaded from the cache of prepared models: ${reason}`,
		);
	}
}

function attemptName({ path, options, weights }: OpenPrepared): string {
	const { graphOptimization, sessionConfig } = options;
	return JSON.stringify([path, weights, graphOptimization, sessionConfig]);
}

function readOrNull(path: string): Promise<Uint8Array | null> {
	return readFile(path).catch(() => null);
}

async function stampAt(path: string): Promise<FileStamp | null> {
	try {
		return stampOf(await stat(path, { bigint: true }));
	} catch {
		return null;
	}
}
