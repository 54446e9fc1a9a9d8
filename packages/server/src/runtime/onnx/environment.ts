// One OrtEnv with what hangs on it for the life of the process's use of ONNX Runtime, and a scratch cell for
// out-parameters: synchronous calls on one thread never overlap, so one is enough.
import type { OrtApi, Pointer } from "./native.ts";
import { check } from "./status.ts";

const LOG_FATAL = 4;
const ARENA_ALLOCATOR = 1;
const DEFAULT_MEMORY = 0;

export class OrtEnvironment {
	readonly api: OrtApi;
	readonly env: Pointer;
	readonly cpuMemory: Pointer;
	readonly allocator: Pointer;
	readonly #out = new BigUint64Array(1);
	#closed = false;

	constructor(api: OrtApi) {
		this.api = api;
		// Failures reach us as statuses, with the same text; the library's own log would say them twice.
		this.env = this.pointer("create the environment", (out) =>
			api.CreateEnv(LOG_FATAL, "saccade", out),
		);
		this.cpuMemory = this.pointer("describe CPU memory", (out) =>
			api.CreateCpuMemoryInfo(ARENA_ALLOCATOR, DEFAULT_MEMORY, out),
		);
		this.allocator = this.pointer("find the allocator", (out) =>
			api.GetAllocatorWithDefaultOptions(out),
		);
	}

	/** Calls `create` with an out-parameter and returns what it wrote. Throws INTERNAL with the reason. */
	pointer(
		doing: string,
		create: (out: BigUint64Array) => bigint | null,
	): Pointer {
		this.#out[0] = 0n;
		check(this.api, create(this.#out), "INTERNAL", doing);
		return this.#out[0] ?? 0n;
	}

	/** The same for `size_t` and `int32` results. */
	number(
		doing: string,
		create: (out: BigUint64Array) => bigint | null,
	): number {
		return Number(this.pointer(doing, create));
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.api.ReleaseMemoryInfo(this.cpuMemory);
		this.api.ReleaseEnv(this.env);
	}
}
