// Where each node runs, and which steps a thread runs in one go.
//
//   inline    on the event loop: measured to be quicker than the hop to a thread
//   thread    steps that come with the server share one thread of the pipeline; every step of somebody else has its own
//   model     through the model's scheduler
//   join      where it waits for the frames of other sensors
import type { Plan, PlannedNode } from "./plan.ts";
import type { ValueSource } from "./value-source.ts";

/** The event loop is not held for longer (docs/config.md; the hop to a thread and back costs about as much). */
export const INLINE_LIMIT_US = 50;

export type Place = "inline" | "thread" | "model" | "join";

export interface Unit {
	readonly place: Place;
	/** Which thread; "" elsewhere. */
	readonly thread: string;
	/** One, except in a thread. */
	readonly nodes: readonly PlannedNode[];
	/** What it reads of others, without repetition. */
	readonly takes: readonly ValueSource[];
	/** What others read of it. */
	readonly gives: readonly ValueSource[];
	/** Of each that it gives: whether a replay reads it, where neither threads nor models run. */
	readonly isReplayed: readonly boolean[];
	/** Units before it, by their place in the list. */
	readonly after: readonly number[];
}

/** The thread of steps that come with the server. */
export const SERVER_THREAD = "server";

/** @param isSlow it was quick with its sample, and slow with frames */
export function placeOf({ node, step }: PlannedNode, isSlow = false): Place {
	if (node.kind === "join") return "join";
	if (node.kind === "model" || step === null) return "model";
	const isQuick = !step.isAsync && !isSlow && step.costUs < INLINE_LIMIT_US;
	return isQuick && node.runs === "auto" ? "inline" : "thread";
}

export interface Placement {
	/** Of a step that runs in one. */
	readonly threadOf: (node: PlannedNode) => string;
	readonly isSlow: (node: PlannedNode) => boolean;
}

export function unitsOf(plan: Plan, { threadOf, isSlow }: Placement): Unit[] {
	const groups: { place: Place; thread: string; nodes: PlannedNode[] }[] = [];
	const groupOf = new Map<number, number>();
	for (const node of plan.nodes) {
		const place = placeOf(node, isSlow(node));
		const thread = place === "thread" ? threadOf(node) : "";
		const at = groups.findIndex(
			(group, i) =>
				place === "thread" &&
				group.thread === thread &&
				runsWith(plan, node, group.nodes[0]!) &&
				readsNothingElse(node, group.nodes, i, groupOf),
		);
		if (at >= 0) groups[at]!.nodes.push(node);
		groupOf.set(node.index, at >= 0 ? at : groups.length);
		if (at < 0) groups.push({ place, thread, nodes: [node] });
	}
	const wanted = wantedSources(plan);
	return groups.map(({ place, thread, nodes }, at) => {
		const inside = new Set(nodes.map(({ index }) => index));
		const takes = distinct(
			nodes.flatMap(({ inputs }) =>
				inputs.flatMap(({ source }) =>
					source === null || inside.has(source.index) ? [] : [source],
				),
			),
		);
		const readers = plan.nodes.filter(({ index }) => groupOf.get(index) !== at);
		const read = sourcesOf(readers);
		const gives = distinct(
			[...read, ...wanted].filter(({ index }) => inside.has(index)),
		);
		const again = sourcesOf(
			readers.filter((one) => runsAgain(placeOf(one, isSlow(one)))),
		);
		const isReplayed = gives.map((give) =>
			[...again, ...wanted].some((source) => isSame(source, give)),
		);
		const after = [
			...new Set(takes.flatMap(({ index }) => groupOf.get(index) ?? [])),
		];
		return { place, thread, nodes, takes, gives, isReplayed, after };
	});
}

function sourcesOf(nodes: readonly PlannedNode[]): ValueSource[] {
	return nodes.flatMap(({ inputs }) =>
		inputs.flatMap(({ source }) => source ?? []),
	);
}

function runsAgain(place: Place): boolean {
	return place === "inline" || place === "join";
}

function isSame(one: ValueSource, other: ValueSource): boolean {
	return one.index === other.index && one.port === other.port;
}

/** For the same frames; what listens is by itself, since others read its memory. */
function runsWith(plan: Plan, node: PlannedNode, other: PlannedNode): boolean {
	const listens = node.step?.listens === true || other.step?.listens === true;
	return (
		!listens &&
		plan.branches.every(
			({ sources }) => sources.has(node.index) === sources.has(other.index),
		)
	);
}

/**
 * A step joins a group only when it waits for nothing that the group does not wait for: else the group would start
 * later, or wait for itself.
 */
function readsNothingElse(
	node: PlannedNode,
	group: readonly PlannedNode[],
	at: number,
	groupOf: ReadonlyMap<number, number>,
): boolean {
	const outside = new Set(
		group.flatMap(({ inputs }) =>
			inputs.flatMap(({ source }) =>
				source === null ? [] : (groupOf.get(source.index) ?? []),
			),
		),
	);
	return node.inputs.every(({ source }) => {
		const from = source === null ? undefined : groupOf.get(source.index);
		return from === undefined || from === at || outside.has(from);
	});
}

function wantedSources({ decision, outputs }: Plan): ValueSource[] {
	const sources = outputs.map(({ source }) => source);
	return decision === null ? sources : [decision, ...sources];
}

function distinct(sources: readonly ValueSource[]): ValueSource[] {
	const byKey = new Map(
		sources.map((source) => [`${source.index}.${source.port}`, source]),
	);
	return [...byKey.values()];
}
