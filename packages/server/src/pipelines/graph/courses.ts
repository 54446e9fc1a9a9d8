// The units of a graph, as the frames of each branch run through them.

import type { Course } from "./frame-run.ts";
import type { JoinPoint } from "./join-point.ts";
import type { Unit } from "./place.ts";
import type { Plan } from "./plan.ts";
import type { ValueSource } from "./value-source.ts";

/** @param joins by index of the node */
export function coursesOf(
	plan: Plan,
	units: readonly Unit[],
	joins: ReadonlyMap<number, JoinPoint>,
): readonly Course[] {
	return plan.branches.map(({ sources }): Course => {
		const gives = (source: ValueSource) => sources.has(source.index);
		const own = units.flatMap(({ nodes }, at) =>
			sources.has(nodes[0]!.index) ? [at] : [],
		);
		const before = (unit: Unit) =>
			unit.after.filter((one) => own.includes(one));
		return {
			units: own,
			followers: units.map((_, at) =>
				own.filter((next) => units[next]!.after.includes(at)),
			),
			waitsFor: Int32Array.from(units, (unit) => before(unit).length),
			offers: plan.nodes.flatMap(({ index, inputs }) => {
				const join = joins.get(index);
				return inputs.slice(1).flatMap(({ name, source }) => {
					const isOurs = source !== null && gives(source);
					return join === undefined || !isOurs ? [] : [{ join, name, source }];
				});
			}),
			decision:
				plan.decision !== null && gives(plan.decision) ? plan.decision : null,
			outputs: plan.outputs.filter(({ source }) => gives(source)),
		};
	});
}
