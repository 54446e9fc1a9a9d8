// Threads of a run and runs side by side. What a model's configuration states is kept, and divides the cores; else:
//
// A batch that is cheaper than its requests one by one (weights are read once) gets all cores: one lane. Everything
// else gains nothing by waiting for company and loses by waiting for threads to meet: several lanes of few threads,
// and one more lane than fills the cores where lanes gather, so that one gathers while the others run. Between
// throughput (one thread a run) and the latency of a lone request (all cores) stands the square root.
//
// What was measured, and what was not: docs/decisions/0006-lanes-and-threads.md. Who gets one lane keeps the lanes side by
// side for loads that never pause: scheduling/placement/layout-switch.ts.
import { DTYPE_BYTES } from "@saccade/protocol";
import type { ModelConfig } from "../../repository/model-config.ts";
import type { Binding, Session } from "../../runtime/runtime.ts";

export interface Layout {
	readonly threadCount: number;
	readonly laneCount: number;
}

/** Rows of the batch that is tried: enough to show, and quick. */
const TRIED_ROWS = 8;
/** How much cheaper its rows must be than single ones: the small CNN gains 1.4, the fully connected net 5.8. */
const PAYS_FROM = 2;
/** A run that is shorter gains nothing from a second thread or lane, whatever it gains from company. */
const SHORT_US = 200;
/** The first run pays for memory that later ones find, and a pause of the machine may hit any: the shortest counts. */
const TRIALS = 8;
const TRIALS_FOR_MS = 50;
/** Larger inputs are not tried. */
const MAX_TRIED_BYTES = 64 * 1024 * 1024;

/** What a configuration says; 0: nothing. */
export interface StatedLayout {
	readonly laneCount: number;
	readonly threadCount: number;
}

/** Nothing is stated. */
export function isOpen({ laneCount, threadCount }: StatedLayout): boolean {
	return laneCount === 0 && threadCount === 0;
}

/** All cores for one run. */
function together(coreCount: number): Layout {
	return { threadCount: coreCount, laneCount: 1 };
}

/** Runs side by side. @param gathers whether batches are gathered, for which one more lane is there */
function sideBySide(coreCount: number, gathers: boolean): Layout {
	const threadCount = Math.max(1, Math.floor(Math.sqrt(coreCount)));
	const layout = filling(coreCount, threadCount);
	return gathers ? { ...layout, laneCount: layout.laneCount + 1 } : layout;
}

/** As many lanes of so many threads as fill the cores. */
export function filling(coreCount: number, threadCount: number): Layout {
	return { threadCount, laneCount: Math.ceil(coreCount / threadCount) };
}

/** The layout to begin with: for batched models that state nothing, `tryLayout` then tells whether to keep it. */
export function firstLayout(
	coreCount: number,
	stated: StatedLayout,
	isBatched: boolean,
): Layout {
	const { laneCount, threadCount } = stated;
	if (laneCount > 0) {
		const share = Math.max(1, Math.floor(coreCount / laneCount));
		return { laneCount, threadCount: threadCount || share };
	}
	if (threadCount === 0) return sideBySide(coreCount, isBatched);
	return isBatched
		? { threadCount, laneCount: 1 }
		: filling(coreCount, threadCount);
}

/**
 * What is best for a batched model that states nothing, by trying on a session of the layout `first`. Where shapes
 * are not known before the first request: all cores for one run. Throws what a run throws.
 */
export async function tryLayout(
	session: Session,
	config: ModelConfig,
	coreCount: number,
	first: Layout,
): Promise<Layout> {
	const rows = Math.min(TRIED_ROWS, config.maxBatchSize);
	const shapes = session.inputs.map(({ shape }) => shape.slice(1));
	const isKnown = session.inputs.every(
		({ dtype }, index) => dtype !== "BYTES" && !shapes[index]?.includes(-1),
	);
	const bytes = session.inputs.reduce(
		(sum, { dtype }, index) =>
			sum +
			(shapes[index] ?? []).reduce((a, b) => a * b, rows) * DTYPE_BYTES[dtype],
		0,
	);
	if (rows < 2 || !isKnown || bytes > MAX_TRIED_BYTES)
		return together(coreCount);
	const oneUs = await shortestRunUs(session, shapes, 1);
	const manyUs = await shortestRunUs(session, shapes, rows);
	if (manyUs <= SHORT_US)
		return { threadCount: first.threadCount, laneCount: 1 };
	return (rows * oneUs) / manyUs >= PAYS_FROM ? together(coreCount) : first;
}

async function shortestRunUs(
	session: Session,
	shapes: readonly (readonly number[])[],
	rows: number,
): Promise<number> {
	const binding = session.bind({
		inputShapes: shapes.map((shape) => [rows, ...shape]),
		outputShapes: session.outputs.map(() => null),
	});
	try {
		let shortestUs = Number.POSITIVE_INFINITY;
		const untilMs = performance.now() + TRIALS_FOR_MS;
		for (
			let trial = 0;
			trial < 2 || (trial < TRIALS && performance.now() < untilMs);
			trial++
		)
			shortestUs = Math.min(shortestUs, await runUs(binding));
		return shortestUs;
	} finally {
		binding.close();
	}
}

function runUs(binding: Binding): Promise<number> {
	return new Promise((resolve, reject) => {
		const startMs = performance.now();
		binding.run("offload", (error) => {
			if (error === null) resolve((performance.now() - startMs) * 1000);
			else reject(error);
		});
	});
}
