// What the page remembers of numbers that only grow: rates over the last minutes, whichever view is open.
import type { ModelEntry } from "@saccade/protocol/console";
import { follow, link, onTick, serverNowMs } from "./store.ts";

/** One look a second, five minutes. */
const KEPT = 300;

export interface ModelSample {
	readonly atMs: number;
	readonly requestsPerS: number;
	readonly failuresPerS: number;
	readonly rowsPerS: number;
	readonly p50Ms: number | null;
	readonly p99Ms: number | null;
	readonly pending: number;
}

export interface ProcessSample {
	readonly atMs: number;
	readonly cpu: number;
	readonly loopP99Ms: number;
	readonly residentBytes: number;
}

type Serving = NonNullable<ModelEntry["serving"]>;

interface ModelHistory {
	last: { readonly atMs: number; readonly serving: Serving } | null;
	samples: readonly ModelSample[];
}

const models = new Map<string, ModelHistory>();
let processSamples: readonly ProcessSample[] = [];

export function modelSamples(key: string): readonly ModelSample[] {
	return models.get(key)?.samples ?? [];
}

export function processHistory(): readonly ProcessSample[] {
	return processSamples;
}

/** Of all models, lately. */
export function requestsPerS(): number {
	let sum = 0;
	for (const { samples } of models.values())
		sum += samples.at(-1)?.requestsPerS ?? 0;
	return sum;
}

/** Runs as long as the page is open. */
export function startHistory(): void {
	follow("server", "models", "frames", "devices", "sensors");
	onTick((topics) => {
		if (topics.includes("models")) lookAtModels();
		if (topics.includes("server")) lookAtProcess();
	});
}

function lookAtModels(): void {
	const atMs = serverNowMs();
	const entries = link.entries("models");
	for (const key of models.keys()) if (!entries.has(key)) models.delete(key);
	for (const [key, { serving }] of entries) {
		let history = models.get(key);
		if (history === undefined) {
			history = { last: null, samples: [] };
			models.set(key, history);
		}
		const { last } = history;
		history.last = serving === null ? null : { atMs, serving };
		if (last === null || serving === null || atMs - last.atMs < 200) continue;
		const seconds = (atMs - last.atMs) / 1000;
		const per = (name: "requests" | "failures" | "rows") =>
			Math.max(0, serving[name] - last.serving[name]) / seconds;
		const sample: ModelSample = {
			atMs,
			requestsPerS: per("requests"),
			failuresPerS: per("failures"),
			rowsPerS: per("rows"),
			p50Ms: serving.latencyMs?.p50 ?? null,
			p99Ms: serving.latencyMs?.p99 ?? null,
			pending: serving.pending,
		};
		history.samples = [...history.samples.slice(1 - KEPT), sample];
	}
}

function lookAtProcess(): void {
	const entry = link.entries("server").get("process");
	if (entry?.kind !== "process") return;
	const sample = {
		atMs: serverNowMs(),
		cpu: entry.cpu,
		loopP99Ms: entry.loopDelayP99Ms,
		residentBytes: entry.residentBytes,
	};
	processSamples = [...processSamples.slice(1 - KEPT), sample];
}
