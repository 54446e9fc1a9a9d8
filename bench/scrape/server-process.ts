// A server with many models in a process of its own, which also sends itself inferences: one every other millisecond,
// timed from the instant at which it was due. So nothing but the server is in what they take, and the scraper, which is
// the process that started this one, has a core of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PerformanceObserver } from "node:perf_hooks";
import {
	createLogger,
	createServer,
	resolveOptions,
} from "../../packages/server/src/index.ts";
import { createModelRunner } from "../../packages/server/src/service/model-runner.ts";
import { addFakeModel } from "../../test/support/fake-model.ts";
import { coreWaitMs } from "./core-wait.ts";
import { MODEL_COUNT } from "./model-count.ts";

const EVERY_MS = 2;

/** When it was due, and when it was answered, in ms on the clock of all processes. */
export interface Span {
	readonly dueMs: number;
	readonly endMs: number;
	/** For how long in between its thread waited for a core. */
	readonly coreWaitMs: number;
}

/** Asked for by `{ ms }`: inferences for so long. */
export interface Inferences {
	readonly spans: readonly Span[];
	/** Pauses for garbage collection meanwhile. */
	readonly pausesMs: readonly number[];
}

export interface Ready {
	readonly metricsPort: number;
}

const repository = mkdtempSync(join(tmpdir(), "saccade-scrape-"));
for (let i = 0; i < MODEL_COUNT; i++) addFakeModel(repository, `model_${i}`);
const resolved = resolveOptions({
	args: [
		`--model-repository=${repository}`,
		"--allow-http=false",
		"--allow-grpc=false",
		"--metrics-port=0",
		"--audit=false",
	],
	env: {},
	fileText: null,
});
if (!resolved.ok) throw new Error(resolved.problems.join("\n"));
const server = createServer(resolved.options, { log: createLogger("warn") });
const { metrics } = await server.listen();
const { inference, metadata } = server.services;
const runner = createModelRunner(inference, metadata);
const nowMs = () => performance.timeOrigin + performance.now();
const data = new Uint8Array(4);
const never = new AbortController().signal;

async function infer(): Promise<void> {
	await runner.run({
		modelName: "model_7",
		modelVersion: "",
		inputs: [{ name: "INPUT0", dtype: "FP32", shape: [1, 1], data }],
		deadlineUs: Number.POSITIVE_INFINITY,
		receivedUs: performance.now() * 1000,
		signal: never,
	});
}

let pausesMs: number[] = [];
new PerformanceObserver((list) => {
	pausesMs.push(...list.getEntries().map(({ duration }) => duration));
}).observe({ entryTypes: ["gc"] });

async function inferFor(ms: number): Promise<Inferences> {
	pausesMs = [];
	const spans: Span[] = [];
	const beginMs = nowMs();
	// One at a time: who is late puts off the next, so that each is told its own delay and not that of others.
	const next = (dueMs: number) => Math.max(dueMs + EVERY_MS, nowMs());
	for (let dueMs = beginMs; dueMs < beginMs + ms; dueMs = next(dueMs)) {
		const untilDueMs = dueMs - nowMs();
		const waitedBeforeMs = coreWaitMs();
		if (untilDueMs > 0) await new Promise((due) => setTimeout(due, untilDueMs));
		const startMs = nowMs();
		const waitedAtStartMs = coreWaitMs();
		await infer();
		// What it waited before it was due made it start late at the most.
		const lateMs = Math.max(0, startMs - dueMs);
		const waitedLateMs = Math.min(waitedAtStartMs - waitedBeforeMs, lateMs);
		spans.push({
			// A timer comes up to a millisecond early: what it saved is none of the inference's.
			dueMs: startMs - lateMs,
			endMs: nowMs(),
			coreWaitMs: waitedLateMs + coreWaitMs() - waitedAtStartMs,
		});
	}
	// Pauses are told in a later turn.
	await new Promise((turn) => setTimeout(turn, EVERY_MS));
	return { spans, pausesMs };
}

process.on("message", ({ ms }: { readonly ms: number }) => {
	void inferFor(ms).then((inferences) => process.send?.(inferences));
});
process.on("disconnect", () => {
	void server.close().then(() => rmSync(repository, { recursive: true }));
});
const ready: Ready = { metricsPort: metrics?.port ?? 0 };
process.send?.(ready);
