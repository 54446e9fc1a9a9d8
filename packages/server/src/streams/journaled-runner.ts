// Models as pipelines see them, with their answers told to the journal. While it is on, answers arrive one at a time,
// each when nothing of the one before is left to do: two that settle in the same tick would mix their callbacks.
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import type { ModelRun, ModelRunner } from "../pipelines/model-runner.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Journal, ModelAnswer } from "./journal.ts";

/** Names a run by what does not depend on how long it takes. */
function runKey(run: ModelRun): string {
	return `${run.modelName}/${run.modelVersion}@${run.receivedUs}`;
}

export function journaledRunner(
	runner: ModelRunner,
	journal: Journal,
): ModelRunner {
	const arrived: (() => void)[] = [];
	const deliver = (): void => {
		journal.endTurn();
		arrived.shift()?.();
		if (arrived.length > 0) queueMicrotask(() => process.nextTick(deliver));
	};
	const arrive = (answer: () => void): void => {
		arrived.push(answer);
		if (arrived.length === 1) process.nextTick(deliver);
	};
	return {
		assertReady: (name, version) => runner.assertReady(name, version),
		describe: (name, version) => runner.describe(name, version),
		run: (run) => {
			const running = runner.run(run);
			if (!journal.isOn) return running;
			const key = runKey(run);
			return new Promise<readonly Tensor[]>((resolve, reject) => {
				running.then(
					(outputs) =>
						arrive(() => {
							tell(journal, key, { ok: true, outputs });
							resolve(outputs);
						}),
					(cause: unknown) =>
						arrive(() => {
							const { code, message } = toSaccadeError(cause);
							tell(journal, key, { ok: false, code, text: message });
							reject(cause);
						}),
				);
			});
		},
	};
}

function tell(journal: Journal, run: string, answer: ModelAnswer): void {
	journal.tell({ kind: "answer", run, answer });
}

/** Answers runs when it is told what a model answered before. */
export class ReplayedRunner implements ModelRunner {
	readonly #waiting = new Map<
		string,
		{
			resolve(outputs: readonly Tensor[]): void;
			reject(error: SaccadeError): void;
		}[]
	>();

	run(run: ModelRun): Promise<readonly Tensor[]> {
		const key = runKey(run);
		return new Promise((resolve, reject) => {
			const same = this.#waiting.get(key) ?? [];
			same.push({ resolve, reject });
			this.#waiting.set(key, same);
		});
	}

	assertReady(): void {}

	/** What it was is in the answers. */
	describe(): ReturnType<ModelRunner["describe"]> {
		return { inputs: [], outputs: [] };
	}

	/** False: no such run waits. */
	answer(run: string, answer: ModelAnswer): boolean {
		const same = this.#waiting.get(run);
		const one = same?.shift();
		if (same?.length === 0) this.#waiting.delete(run);
		if (one === undefined) return false;
		if (answer.ok) one.resolve(answer.outputs);
		else one.reject(new SaccadeError(answer.code, answer.text));
		return true;
	}
}
