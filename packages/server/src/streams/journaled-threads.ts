// Threads of steps as graphs see them, with their answers told to the journal; and threads that answer what they answered
// then. A step in a thread does not run in a replay, so what a plug-in reads from elsewhere is no matter. Of its outputs
// those are kept that inline nodes, joins and the result read.
import type { Unit } from "../pipelines/graph/place.ts";
import type { StreamThreads } from "../pipelines/graph/stream-threads.ts";
import type { SegmentResult } from "../pipelines/hosts/step-thread.ts";
import { JournaledAnswers, ReplayedAnswers } from "./answers.ts";
import type { Journal, SegmentAnswer } from "./journal.ts";

type Run = Parameters<StreamThreads["run"]>[1];

function factsOf(pipeline: string, { nodes }: Unit, { frame }: Run): string {
	const { deviceId, sequence, measuredUs } = frame;
	return `${pipeline}/${nodes[0]!.node.name}@${measuredUs}/${sequence}/${deviceId}`;
}

export type WrapThreads = (
	pipeline: string,
	threads: StreamThreads,
) => StreamThreads;

export function journaledThreads(journal: Journal): WrapThreads {
	const answers = new JournaledAnswers<SegmentAnswer>(journal, (run, answer) =>
		journal.tell({ kind: "segment", run, answer }),
	);
	return (pipeline, threads) => ({
		run: (unit, run) =>
			answers.of(
				factsOf(pipeline, unit, run),
				threads.run(unit, run),
				({ outputs, spans }) => ({
					ok: true,
					outputs: outputs.map((output, at) =>
						unit.isReplayed[at] ? output : null,
					),
					spans,
				}),
			),
		close: () => threads.close(),
	});
}

export class ReplayedThreads {
	readonly #answers = new ReplayedAnswers<SegmentResult>();

	of(pipeline: string): StreamThreads {
		return {
			run: (unit, run) => this.#answers.wait(factsOf(pipeline, unit, run)),
			close: () => {},
		};
	}

	/** False: no such run waits. */
	answer(run: string, answer: SegmentAnswer): boolean {
		return this.#answers.answer(
			run,
			answer.ok ? { ok: true, result: answer } : answer,
		);
	}
}
