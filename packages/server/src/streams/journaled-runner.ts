// Models as pipelines see them, with their answers told to the journal; and models that answer what they answered then.
import { SaccadeError } from "../errors/saccade-error.ts";
import type { ModelRun, ModelRunner } from "../pipelines/model-runner.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { JournaledAnswers, ReplayedAnswers } from "./answers.ts";
import type { Journal, ModelAnswer } from "./journal.ts";

function factsOf(run: ModelRun): string {
	return `${run.modelName}/${run.modelVersion}@${run.receivedUs}`;
}

export function journaledRunner(
	runner: ModelRunner,
	journal: Journal,
): ModelRunner {
	const answers = new JournaledAnswers<ModelAnswer>(journal, (run, answer) =>
		journal.tell({ kind: "answer", run, answer }),
	);
	return {
		assertReady: (name, version) => runner.assertReady(name, version),
		describe: (name, version) => runner.describe(name, version),
		run: (run) =>
			answers.of(factsOf(run), runner.run(run), (outputs) => ({
				ok: true,
				outputs,
			})),
	};
}

export class ReplayedRunner implements ModelRunner {
	readonly #answers = new ReplayedAnswers<readonly Tensor[]>();

	run(run: ModelRun): Promise<readonly Tensor[]> {
		return this.#answers.wait(factsOf(run));
	}

	assertReady(): void {}

	/** What it was is with the stream that ran it. */
	describe(): never {
		throw new SaccadeError("UNAVAILABLE", "no model runs in a replay");
	}

	/** False: no such run waits. */
	answer(run: string, answer: ModelAnswer): boolean {
		return this.#answers.answer(
			run,
			answer.ok ? { ok: true, result: answer.outputs } : answer,
		);
	}
}
