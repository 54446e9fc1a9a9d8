// Which frames make which nodes run. Without a join of all sensors, a frame runs what reads of its own sensor, as far as
// a join node, which the other frames pass only as values that are kept.
//
//   lidar ─▶ a ─▶ b ─▶ join ─▶ c ─▶ decision      branch of lidar: a, b, join, c
//   camera ─▶ d ────────┘                         branch of camera: d
//   imu ─▶ motion (listens)                       its memory is read by any node, and drives none
import type { PipelineDefinition } from "./definition.ts";
import type { Branch, Branches, PlannedNode } from "./plan.ts";

type Drivers = ReadonlySet<number>;
type Tell = (at: string, problem: string) => void;

/** @param nodes each after what it reads */
export function branchesOf(
	definition: PipelineDefinition,
	nodes: readonly PlannedNode[],
	tell: Tell,
): Branches {
	const { sensors, join } = definition;
	const ofSensor = sensors.map((_, at) => (join === null ? at : 0));
	/** By index of the source. */
	const drivers = new Map<number, Drivers>(
		ofSensor.map((branch, at) => [at, new Set([branch])]),
	);
	const listeners = new Set<number>();
	const unknown = new Set<number>();
	const known: Known = {
		driversOf: (index) =>
			listeners.has(index) || unknown.has(index)
				? NONE
				: (drivers.get(index) ?? NONE),
		nameOf: (branch) => sensors[branch]?.name ?? "",
		isUnknown: (index) => unknown.has(index),
	};
	for (const planned of nodes) {
		const { node, index, step } = planned;
		drivers.set(
			index,
			node.kind === "join"
				? driversOfJoin(planned, known, tell)
				: driversOfNode(planned, known, tell),
		);
		if (node.kind === "step" && step === null) unknown.add(index);
		if (step?.listens === true) listeners.add(index);
	}
	const count = join === null ? sensors.length : 1;
	const branches = Array.from({ length: count }, (_, branch): Branch => {
		const has = (index: number) => drivers.get(index)?.has(branch) === true;
		return {
			sensors: ofSensor.flatMap((of, at) => (of === branch ? [at] : [])),
			sources: new Set([...drivers.keys()].filter(has)),
			remembers: nodes.some(
				({ index, step }) => has(index) && step?.remembers === true,
			),
		};
	});
	return { branches, ofSensor };
}

interface Known {
	/** None of what listens: it is there for everybody. */
	driversOf(index: number): Drivers;
	nameOf(branch: number): string;
	/** A step that could not be loaded, which is told: nothing is held against what reads of it. */
	isUnknown(index: number): boolean;
}

const NONE: Drivers = new Set();
/** Of what reads no frame. */
const FIRST: Drivers = new Set([0]);

function driversOfNode(
	{ node, step, inputs }: PlannedNode,
	{ driversOf, nameOf }: Known,
	tell: Tell,
): Drivers {
	const from = new Set<number>();
	for (const { source } of inputs)
		for (const branch of source === null ? NONE : driversOf(source.index))
			from.add(branch);
	if (from.size === 0) return FIRST;
	if (from.size === 1) return from;
	if (node.kind === "step" && step === null) return from;
	const names = [...from].map(nameOf).join(" and ");
	if (step?.listens !== true) {
		tell(
			`nodes.${node.name}`,
			`reads of ${names}, whose frames come one by one; bring them together with a node { join: { kind: latest, maxAgeMs: 200 }, in: … }, or with the pipeline's join`,
		);
		return new Set([...from].slice(0, 1));
	}
	for (const { name, source, optional } of inputs)
		if (!optional && source !== null && driversOf(source.index).size > 0)
			tell(
				`nodes.${node.name}.in.${name}`,
				`is needed with each frame, but the step listens to ${names}, and has one of them at a time`,
			);
	return from;
}

function driversOfJoin(
	{ node, inputs }: PlannedNode,
	{ driversOf, nameOf, isUnknown }: Known,
	tell: Tell,
): Drivers {
	const [lead, ...others] = inputs;
	const at = `nodes.${node.name}.in`;
	if (lead === undefined || others.length === 0) {
		tell(at, "names what is joined; at least two, the leading one first");
		return FIRST;
	}
	const driver = lead.source === null ? NONE : driversOf(lead.source.index);
	const [leader] = driver;
	if (leader === undefined || driver.size > 1) {
		const isTold = lead.source !== null && isUnknown(lead.source.index);
		if (!isTold)
			tell(`${at}.${lead.name}`, "does not lead: it has no frames of its own");
		return FIRST;
	}
	for (const { name, source } of others)
		if (source !== null && driversOf(source.index).has(leader))
			tell(
				`${at}.${name}`,
				`comes with each frame of ${nameOf(leader)} already; read it without a join`,
			);
	return driver;
}
