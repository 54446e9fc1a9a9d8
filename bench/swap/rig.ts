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
	#lastId = 0;

	static async start(models: readonly RigModel[]): Promise<SwapRig> {
		const root = mkdtempSync(join(tmpdir(), "saccade-swap-"));
		const repository = join(root, "models");
		for (const { name, file, config } of models) {
			put(join(repository, name, "1", "model.onnx"), file);
			put(join(repository, name, "config.pbtxt"), config);
		}
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

	/** Puts another file in the model's place and waits until it serves. */
	async swap(model: string, file: Uint8Array): Promise<SwapTimes> {
		const path = join(this.#root, "models", model, "1", "model.onnx");
		this.#lastId = (await this.#swaps(model))[0]?.id ?? 0;
		writeFileSync(`${path}.tmp`, file);
		renameSync(`${path}.tmp`, path);
		const writtenAtMs = performance.timeOrigin + performance.now();
		const record = await this.#ended(model);
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

	async stop(): Promise<void> {
		await this.#server.stop();
		rmSync(this.#root, { recursive: true, force: true });
	}

	async #ended(model: string): Promise<SwapRecord> {
		const giveUpMs = performance.now() + WITHIN_MS;
		await delay(LOOK_AFTER_MS);
		while (performance.now() < giveUpMs) {
			const [last] = await this.#swaps(model);
			if (
				last !== undefined &&
				last.id !== this.#lastId &&
				last.state !== "running"
			)
				return last;
			await delay(LOOK_EVERY_MS);
		}
		throw new Error(`no swap of ${model} within ${WITHIN_MS} ms`);
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

function put(path: string, content: Uint8Array | string): void {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, content);
}
