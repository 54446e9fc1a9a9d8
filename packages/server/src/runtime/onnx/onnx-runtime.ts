// ONNX Runtime as a backend, through its C API. Loads and long runs happen on libuv's pool, never on the loop.
import type { LoadOptions, ModelSource, Runtime, Session } from "../runtime.ts";
import { CoreThreads } from "./core-threads.ts";
import { OrtEnvironment } from "./environment.ts";
import { findOrtLibrary } from "./library.ts";
import { MemoryReturn } from "./memory-return.ts";
import {
	loadOrtApi,
	type OrtApi,
	type Pointer,
	type Status,
} from "./native.ts";
import { OffloadGate } from "./offload.ts";
import { PinnedThreads } from "./pinned-threads.ts";
import { appendProvider, readProviders } from "./providers.ts";
import type { RunThreads } from "./run-thread.ts";
import { OnnxSession } from "./session.ts";
import { check, toError } from "./status.ts";

export interface OnnxRuntimeOptions {
	/** Shared library to use. @default the bundled one */
	readonly libraryPath?: string;
	/** Threads in libuv's pool (`UV_THREADPOOL_SIZE` at process start). */
	readonly poolThreads: number;
	/** Threads of one run unless a model says otherwise. */
	readonly intraOpThreadCount: number;
	/** Long runs of one thread get one of these cores each when there are as many as cores; Linux only. @default the system places them */
	readonly coreEach?: readonly number[];
	/** Priority of the threads that the runtime starts for itself, as a nice value. @default 0 */
	readonly threadNice?: number;
}

// Numbers of enum GraphOptimizationLevel in onnxruntime_c_api.h.
const OPTIMIZATION_LEVEL = {
	disabled: 0,
	basic: 1,
	extended: 2,
	all: 99,
} as const;

// A run's idle threads sleep instead of spinning: the event loop and other lanes need the cores, and a server
// without work must use none (small CNN, two threads on two cores: 4,604 answers/s against 4,200).
const SESSION_DEFAULTS: Readonly<Record<string, string>> = {
	"session.intra_op.allow_spinning": "0",
};

export function createOnnxRuntime(options: OnnxRuntimeOptions): OnnxRuntime {
	const libraryPath = findOrtLibrary(options.libraryPath);
	return new OnnxRuntime(loadOrtApi(libraryPath), { ...options, libraryPath });
}

export class OnnxRuntime implements Runtime {
	readonly name = "onnxruntime";
	readonly version: string;
	readonly #env: OrtEnvironment;
	readonly #gate: OffloadGate;
	readonly #options: OnnxRuntimeOptions & { readonly libraryPath: string };
	/** By the cores that they stay on. */
	readonly #pinned = new Map<string, PinnedThreads>();
	readonly #coreThreads: CoreThreads;
	readonly #memory: MemoryReturn;
	readonly #sessions = new Set<OnnxSession>();
	/** Sessions that are closed and not yet released. */
	#releasingCount = 0;
	#released: (() => void)[] = [];
	#isClosed = false;

	constructor(
		api: OrtApi,
		options: OnnxRuntimeOptions & { readonly libraryPath: string },
	) {
		this.version = api.versionText;
		this.#env = new OrtEnvironment(api);
		this.#gate = new OffloadGate(options.poolThreads);
		this.#memory = new MemoryReturn(this.#gate);
		this.#options = options;
		const { coreEach = [], libraryPath, threadNice: nice = 0 } = options;
		this.#coreThreads = new CoreThreads({
			cores: coreEach,
			libraryPath,
			nice,
			poolCallCount: () => this.#gate.busyCount,
		});
	}

	/** Sessions not yet closed: for leak assertions. */
	get openSessionCount(): number {
		return this.#sessions.size;
	}

	/** Names without the suffix `ExecutionProvider`, lower case. */
	availableProviders(): string[] {
		return readProviders(this.#env).map((name) => name.toLowerCase());
	}

	async load(source: ModelSource, options: LoadOptions): Promise<Session> {
		const sessionOptions = this.#createOptions(options);
		try {
			const handle = await this.#whileLaidOut(options, () =>
				this.#createSession(source, sessionOptions),
			);
			const threads = this.#threadsFor(options);
			const session = new OnnxSession(this.#env, this.#gate, handle, threads, {
				closed: (closed) => {
					this.#sessions.delete(closed);
					this.#releasingCount++;
				},
				released: () => this.#sessionReleased(),
			});
			this.#sessions.add(session);
			return session;
		} finally {
			this.#env.api.ReleaseSessionOptions(sessionOptions);
			// Of what was read and laid out anew only the last form is still in use.
			this.#memory.freed();
		}
	}

	/**
	 * Writes the model as the optimiser leaves it to `path`, and its tensors of `minTensorBytes` and more to the file
	 * `tensorsName` beside it, in the form of the model and, where kernels have one, in the form that they pack.
	 */
	async saveOptimized(
		source: ModelSource,
		options: LoadOptions,
		target: {
			readonly path: string;
			readonly tensorsName: string;
			readonly minTensorBytes: number;
		},
	): Promise<void> {
		const { api } = this.#env;
		const sessionOptions = this.#createOptions({
			...options,
			sessionConfig: {
				...options.sessionConfig,
				"session.optimized_model_external_initializers_file_name":
					target.tensorsName,
				"session.optimized_model_external_initializers_min_size_in_bytes":
					String(target.minTensorBytes),
				"session.save_external_prepacked_constant_initializers": "1",
			},
		});
		try {
			check(
				api,
				api.SetOptimizedModelFilePath(sessionOptions, target.path),
				"LOAD_FAILED",
				"name the optimised model",
			);
			const session = await this.#whileLaidOut(options, () =>
				this.#createSession(
					source,
					sessionOptions,
					"the model cannot be optimised and written",
				),
			);
			api.ReleaseSession(session);
		} finally {
			api.ReleaseSessionOptions(sessionOptions);
		}
	}

	close(): void {
		for (const session of [...this.#sessions]) session.close();
		this.#isClosed = true;
		this.#closeIfIdle();
	}

	/** Resolves when sessions that were closed are released. */
	released(): Promise<void> {
		if (this.#releasingCount === 0) return Promise.resolve();
		return new Promise((resolve) => this.#released.push(resolve));
	}

	/** Resolves when sessions that were closed are released, and what they had is given back to the system. */
	async settled(): Promise<void> {
		await this.released();
		await this.#memory.giveBack();
	}

	#sessionReleased(): void {
		this.#releasingCount--;
		this.#memory.freed();
		if (this.#releasingCount > 0) return;
		const waiting = this.#released;
		this.#released = [];
		for (const tell of waiting) tell();
		this.#closeIfIdle();
	}

	/** The environment outlives every session. */
	#closeIfIdle(): void {
		if (!this.#isClosed || this.#releasingCount > 0) return;
		for (const threads of this.#pinned.values()) threads.close();
		this.#coreThreads.close();
		this.#env.close();
	}

	/** Null: runs are made in libuv's pool. */
	#threadsFor(options: LoadOptions): RunThreads | null {
		const { cores } = options;
		if (cores === undefined)
			return this.#keepsOneCoreBusy(options)
				? this.#coreThreads.ofSession()
				: null;
		const key = cores.join();
		const { libraryPath, threadNice: nice = 0 } = this.#options;
		const threads =
			this.#pinned.get(key) ?? new PinnedThreads({ cores, libraryPath, nice });
		this.#pinned.set(key, threads);
		return threads;
	}

	/** What runs elsewhere, or on threads of the session's own beside the calling one, needs no core to itself. */
	#keepsOneCoreBusy({ intraOpThreadCount, providers = [] }: LoadOptions) {
		return (
			(intraOpThreadCount ?? this.#options.intraOpThreadCount) === 1 &&
			providers.every(({ name }) => name.toLowerCase() === "cpu")
		);
	}

	/** What was optimised before is not laid out anew. */
	async #whileLaidOut<Result>(
		{ graphOptimization }: LoadOptions,
		load: () => Promise<Result>,
	): Promise<Result> {
		if (graphOptimization === "disabled") return load();
		const ended = this.#memory.layoutBegins();
		try {
			return await load();
		} finally {
			ended();
		}
	}

	#createSession(
		source: ModelSource,
		options: Pointer,
		problem = "the model cannot be loaded",
	): Promise<Pointer> {
		const { api, env } = this.#env;
		const out = new BigUint64Array(1);
		return new Promise((resolve, reject) => {
			const done = (error: Error | null, status: Status) => {
				this.#gate.leave();
				if (error !== null) reject(error);
				else if (status !== null)
					reject(toError(api, status, "LOAD_FAILED", problem));
				else resolve(out[0] ?? 0n);
			};
			this.#gate.enter(() => {
				if (source.kind === "file")
					api.CreateSession.async(env, source.path, options, out, done);
				else
					api.CreateSessionFromArray.async(
						env,
						source.bytes,
						source.bytes.byteLength,
						options,
						out,
						done,
					);
			});
		});
	}

	#createOptions(options: LoadOptions): Pointer {
		const { api } = this.#env;
		const pointer = this.#env.pointer("create session options", (out) =>
			api.CreateSessionOptions(out),
		);
		const set = (status: Status, what: string) =>
			check(api, status, "LOAD_FAILED", `session option ${what}`);
		try {
			const threadCount =
				options.intraOpThreadCount ?? this.#options.intraOpThreadCount;
			set(api.SetIntraOpNumThreads(pointer, threadCount), "intraOpThreadCount");
			set(
				api.SetInterOpNumThreads(pointer, options.interOpThreadCount ?? 1),
				"interOpThreadCount",
			);
			set(
				api.SetSessionExecutionMode(
					pointer,
					options.executionMode === "parallel" ? 1 : 0,
				),
				"executionMode",
			);
			set(
				api.SetSessionGraphOptimizationLevel(
					pointer,
					OPTIMIZATION_LEVEL[options.graphOptimization ?? "all"],
				),
				"graphOptimization",
			);
			if (options.memoryArena === false)
				set(api.DisableCpuMemArena(pointer), "memoryArena");
			if (options.memoryPattern === false)
				set(api.DisableMemPattern(pointer), "memoryPattern");
			const config = {
				...SESSION_DEFAULTS,
				...affinityConfig(options.cores, threadCount),
				...options.sessionConfig,
			};
			for (const [key, value] of Object.entries(config))
				set(api.AddSessionConfigEntry(pointer, key, value), key);
			for (const provider of options.providers ?? [])
				appendProvider(this.#env, pointer, provider);
			return pointer;
		} catch (error) {
			api.ReleaseSessionOptions(pointer);
			throw error;
		}
	}
}

/**
 * Each thread of the session's own, which the calling one is not, may use all of the cores: which of them is free, the
 * system knows. ONNX Runtime counts cores from 1.
 * https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_session_options_config_keys.h
 */
function affinityConfig(
	cores: readonly number[] | undefined,
	threadCount: number,
): Readonly<Record<string, string>> {
	if (cores === undefined || threadCount < 2) return {};
	const each = cores.map((core) => core + 1).join(",");
	const affinities = new Array<string>(threadCount - 1).fill(each).join(";");
	return { "session.intra_op_thread_affinities": affinities };
}
