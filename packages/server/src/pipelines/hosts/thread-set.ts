// The threads of one pipeline, started when they are needed first, and what each of its streams has in them.

import type { Unit } from "../graph/place.ts";
import type { StreamThreads } from "../graph/stream-threads.ts";
import type { StreamOpening } from "../pipeline.ts";
import type { SegmentSpec } from "./messages.ts";
import type { StepThread } from "./step-thread.ts";

export class ThreadSet {
	readonly #create: (name: string) => StepThread;
	readonly #threads = new Map<string, StepThread>();
	#sessionCount = 0;

	constructor(create: (name: string) => StepThread) {
		this.#create = create;
	}

	get(name: string): StepThread {
		let thread = this.#threads.get(name);
		if (thread === undefined) {
			thread = this.#create(name);
			this.#threads.set(name, thread);
		}
		return thread;
	}

	forStream(opening: StreamOpening): StreamThreads {
		const session = this.#sessionCount++;
		const used = new Set<StepThread>();
		const segments = new Map<Unit, SegmentSpec>();
		return {
			run: (unit, run) => {
				const thread = this.get(unit.thread);
				used.add(thread);
				let segment = segments.get(unit);
				if (segment === undefined) {
					segment = segmentOf(unit, opening);
					segments.set(unit, segment);
				}
				return thread.run({
					...run,
					session,
					segment,
					// A thread may have several units of a stream.
					unit: unit.nodes[0]!.index,
					timeoutUs: timeoutOf(unit),
				});
			},
			close: () => {
				for (const thread of used) thread.closeSession(session);
			},
		};
	}

	async end(name: string): Promise<void> {
		const thread = this.#threads.get(name);
		this.#threads.delete(name);
		await thread?.close();
	}

	async close(): Promise<void> {
		await Promise.all([...this.#threads.keys()].map((name) => this.end(name)));
	}
}

function segmentOf(unit: Unit, opening: StreamOpening): SegmentSpec {
	return {
		steps: unit.nodes.flatMap(({ node, index, inputs }) =>
			node.kind !== "step"
				? []
				: [
						{
							node: node.name,
							index,
							step: node.step,
							settings: node.settings,
							inputs: inputs.map(({ name, source }) => ({ name, source })),
						},
					],
		),
		takes: unit.takes,
		gives: unit.gives,
		opening,
	};
}

function timeoutOf(unit: Unit): number {
	return unit.nodes.reduce(
		(sum, { node }) => sum + (node.kind === "step" ? node.timeoutUs : 0),
		0,
	);
}
