// The comparisons that a new version goes through beside the one in service, before it answers anybody: how long a run
// takes, and what it answers to recent real inputs. One run at a time, old and new in turns, so that a busy moment of
// the machine falls on both; after each the device has as long a rest, so that serving models notice little.
import { DTYPE_BYTES } from "@saccade/protocol";
import type { Clock } from "../../common/clock.ts";
import { SaccadeError, toSaccadeError } from "../../errors/saccade-error.ts";
import type { ModelVersion } from "../model-version.ts";
import type { ShadowReport } from "../swap-events.ts";
import { OutputComparison } from "./compare.ts";
import { type DirectRun, runDirectly } from "./direct-run.ts";
import type { Sample } from "./reservoir.ts";

export interface Pair {
	readonly old: ModelVersion;
	readonly new: ModelVersion;
}

const PROBE_ROUNDS = 3;
/** Where a version looks too slow it is tried again: on cores that are never free a fast run is rare. */
const MAX_PROBE_ROUNDS = 64;
const PROBE_FOR_US = 2_000_000;
/** Larger inputs are not made up. */
const MAX_PROBE_BYTES = 64 * 1024 * 1024;

/**
 * The fastest of a few small runs, in µs; null: the shapes are not known before a request. Not their median: on a busy
 * machine most of five runs of a tiny model may wait for a core, and a version would be kept out for that.
 */
export async function probe(
	pair: Pair,
	clock: Clock,
	isTooSlow: (oldUs: number, newUs: number) => boolean,
): Promise<{ readonly oldUs: number | null; readonly newUs: number | null }> {
	const samples = { old: zerosFor(pair.old), new: zerosFor(pair.new) };
	if (samples.old === null || samples.new === null)
		return { oldUs: null, newUs: null };
	let oldUs = Number.POSITIVE_INFINITY;
	let newUs = Number.POSITIVE_INFINITY;
	const untilUs = clock.nowUs() + PROBE_FOR_US;
	for (
		let round = 0;
		round < PROBE_ROUNDS ||
		(round < MAX_PROBE_ROUNDS &&
			clock.nowUs() < untilUs &&
			isTooSlow(oldUs, newUs));
		round++
	) {
		const old = await runGently(pair.old, samples.old, clock);
		const next = await runGently(pair.new, samples.new, clock);
		oldUs = Math.min(oldUs, old.runUs);
		newUs = Math.min(newUs, next.runUs);
	}
	return { oldUs, newUs };
}

/** Throws LOAD_FAILED when the new version fails on an input that the old one answers. */
export async function shadow(
	pair: Pair,
	samples: readonly Sample[],
	{ clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ShadowReport> {
	const { tolerances } = pair.new.config.saccade.swap.shadow;
	const outputs = pair.old.session.outputs.map(({ name }, oldIndex) => ({
		oldIndex,
		newIndex: pair.new.session.outputs.findIndex((spec) => spec.name === name),
		comparison: new OutputComparison(name, tolerances.get(name) ?? null),
	}));
	const times = { old: [] as number[], new: [] as number[] };
	let sampleCount = 0;
	for (const sample of samples) {
		if (signal.aborted) break;
		const old = await runGently(pair.old, sample, clock).catch(() => null);
		// What the old version cannot answer either tells nothing about the new one.
		if (old === null) continue;
		const next = await runNew(pair, sample, clock);
		sampleCount++;
		times.old.push(old.runUs);
		times.new.push(next.runUs);
		for (const { oldIndex, newIndex, comparison } of outputs) {
			const was = old.outputs[oldIndex];
			const is = next.outputs[newIndex];
			if (was !== undefined && is !== undefined) await comparison.add(was, is);
		}
	}
	return {
		sampleCount,
		outputs: outputs.map(({ comparison }) => comparison.result()),
		oldRunMs: (median(times.old) ?? 0) / 1000,
		newRunMs: (median(times.new) ?? 0) / 1000,
	};
}

async function runNew(
	pair: Pair,
	sample: Sample,
	clock: Clock,
): Promise<DirectRun> {
	try {
		return await runGently(pair.new, translate(sample, pair), clock);
	} catch (cause) {
		throw new SaccadeError(
			"LOAD_FAILED",
			`the new version fails on a recent request that the version in service answers: ${toSaccadeError(cause).message}`,
			{ cause },
		);
	}
}

/** By the old session's order of inputs → by the new one's, which may have optional ones more. */
function translate({ shapes, data }: Sample, pair: Pair): Sample {
	const places = pair.new.session.inputs.map(({ name }) =>
		pair.old.session.inputs.findIndex((spec) => spec.name === name),
	);
	return {
		shapes: places.map((at) => shapes[at] ?? null),
		data: places.map((at) => data[at] ?? null),
	};
}

async function runGently(
	model: ModelVersion,
	sample: Sample,
	clock: Clock,
): Promise<DirectRun> {
	const run = await runDirectly(model.session, sample, clock);
	await rest(clock, run.runUs);
	return run;
}

function rest(clock: Clock, us: number): Promise<void> {
	return new Promise((resolve) => clock.at(clock.nowUs() + us, resolve));
}

/** One row of zeros; null where shapes are not known, or texts are wanted. */
function zerosFor({ session, config }: ModelVersion): Sample | null {
	const shapes = session.inputs.map(({ shape }) =>
		config.maxBatchSize > 0 ? [1, ...shape.slice(1)] : shape,
	);
	let bytes = 0;
	const sizes = session.inputs.map(({ dtype }, index) =>
		(shapes[index] ?? []).reduce((a, b) => a * b, DTYPE_BYTES[dtype]),
	);
	for (const size of sizes) bytes += size;
	const isKnown =
		shapes.every((shape) => !shape.includes(-1)) &&
		session.inputs.every(({ dtype }) => dtype !== "BYTES");
	if (!isKnown || bytes > MAX_PROBE_BYTES) return null;
	return { shapes, data: sizes.map((size) => new Uint8Array(size)) };
}

function median(values: readonly number[]): number | null {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[sorted.length >> 1] ?? null;
}
