// A server that follows a repository, with one model that is swapped and one that is not, and what a swap came to.
import {
	mkdirSync,
	mkdtempSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type RunningServer, startServer } from "../lib/server-process.ts";

export const SETTLE_MS = 100;
const WITHIN_MS = 60_000;
/** Rarely, and not before it can be: whoever asks takes from the cores that are measured. */
const LOOK_AFTER_MS = SETTLE_MS + 60;
const LOOK_EVERY_MS = 40;

export interface SwapTimes {
	/** Wall-clock ms since the epoch: the file had its name. */
	readonly writtenAtMs: number;
	/** The version served. */
	readonly servedAtMs: number;
	/** Preparing, loading, validating and warming. */
	readonly loadMs: number;
	readonly preparingMs: number;
	readonly switchUs: number;
}

/** A model by its file and configuration. */
export interface RigModel {
	readonly name: string;
	readonly file: Uint8Array;
	readonly config: string;
}

interface SwapRecord {
	readonly id: number;
	readonly state: string;
	readonly began_at: string;
	readonly total_ms: number;
	readonly switch_us: number;
	readonly phases: readonly { readonly phase: string; readonly ms: number }[];
	readonly failure: { readonly error: string } | null;
}

export class SwapRig {
	#server: RunningServer;
	readonly #root: string;
	#swapCount = 0;

	static async start(models: readonly RigModel[]): Promise<SwapRig> {
		const root = mkdtempSync(join(tmpdir(), "saccade-swap-"));
		const repository = join(root, "models");
		for (const { name, file, config } of models) {
			put(join(repository, name, "1", "model.onnx"), file);
			put(join(repository, name, "config.pbtxt"), config);
		}
		mkdirSync(join(root, "aside"));
		return new SwapRig(await startIn(root), root);
	}

	private constructor(server: RunningServer, root: string) {
		this.#server = server;
		this.#root = root;
	}

	get server(): RunningServer {
		return this.#server;
	}

	/** What loads another version where there is no swap: nobody is answered meanwhile. */
	async restart(): Promise<{
		readonly stopMs: number;
		readonly startMs: number;
	}> {
		const startMs = performance.now();
		await this.#server.stop();
		const stopMs = performance.now() - startMs;
		this.#server = await startIn(this.#root);
		return { stopMs, startMs: this.#server.readyMs };
	}

	/** How many files were put in the place of others. */
	get swapCount(): number {
		return this.#swapCount;
	}

	/** Puts another file in the model's place. @returns when it had its name, in wall-clock ms since the epoch */
	put(model: string, file: Uint8Array): number {
		this.#swapCount++;
		return replace(join(this.#root, "models", model, "1", "model.onnx"), file);
	}

	/** The same work, where no server looks. */
	putAside(file: Uint8Array): number {
		return replace(join(this.#root, "aside", "model.onnx"), file);
	}

	/** Puts another file in the model's place and waits until it serves. */
	async swap(model: string, file: Uint8Array): Promise<SwapTimes> {
		const lastId = await this.lastSwapId(model);
		const writtenAtMs = this.put(model, file);
		await delay(LOOK_AFTER_MS);
		const [times] = await this.swapsSince(model, lastId, [writtenAtMs]);
		if (times === undefined) throw new Error("a swap without times");
		return times;
	}

	/** 0: there was none. */
	async lastSwapId(model: string): Promise<number> {
		return (await this.#swaps(model))[0]?.id ?? 0;
	}

	/** The swaps that followed one, as soon as they ended. @param writtenAtMs when their files were put, one each */
	async swapsSince(
		model: string,
		id: number,
		writtenAtMs: readonly number[],
	): Promise<SwapTimes[]> {
		const giveUpMs = performance.now() + WITHIN_MS;
		while (performance.now() < giveUpMs) {
			const all = await this.#swaps(model);
			const later = all.filter((one) => one.id > id).reverse();
			const isDone = later.every(({ state }) => state !== "running");
			if (isDone && later.length >= writtenAtMs.length)
				return later.map((one, index) => timesOf(one, writtenAtMs[index] ?? 0));
			await delay(LOOK_EVERY_MS);
		}
		throw new Error(
			`no ${writtenAtMs.length} swaps of ${model} within ${WITHIN_MS} ms`,
		);
	}

	async stop(): Promise<void> {
		await this.#server.stop();
		rmSync(this.#root, { recursive: true, force: true });
	}

	async #swaps(model: string): Promise<readonly SwapRecord[]> {
		const { httpPort } = this.#server;
		const answer = await fetch(
			`http://127.0.0.1:${httpPort}/saccade/v1/models/${model}/swaps`,
		);
		return ((await answer.json()) as { swaps: SwapRecord[] }).swaps;
	}
}

function startIn(root: string): Promise<RunningServer> {
	return startServer(
		[join(root, "models")],
		[
			"--model-control-mode=watch",
			`--repository-settle-ms=${SETTLE_MS}`,
			`--state-dir=${join(root, "state")}`,
		],
	);
}

function timesOf(record: SwapRecord, writtenAtMs: number): SwapTimes {
	if (record.state !== "switched")
		throw new Error(
			`the swap ended as ${record.state}: ${record.failure?.error}`,
		);
	const msOf = (...names: string[]) =>
		record.phases
			.filter(({ phase }) => names.includes(phase))
			.reduce((sum, { ms }) => sum + ms, 0);
	return {
		writtenAtMs,
		servedAtMs: Date.parse(record.began_at) + record.total_ms,
		loadMs: msOf("preparing", "loading", "validating", "warming"),
		preparingMs: msOf("preparing"),
		switchUs: record.switch_us,
	};
}

function replace(path: string, file: Uint8Array): number {
	writeFileSync(`${path}.tmp`, file);
	renameSync(`${path}.tmp`, path);
	return performance.timeOrigin + performance.now();
}

function put(path: string, content: Uint8Array | string): void {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, content);
}
