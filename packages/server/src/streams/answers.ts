// Answers that come from outside of the streams, of models and of threads: told to the journal as they arrive, and in a
// replay given when it says so.
import type { ErrorCode } from "@saccade/protocol";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import type { Journal } from "./journal.ts";
import { RunNumbers } from "./run-numbers.ts";

type Failure = {
	readonly ok: false;
	readonly code: ErrorCode;
	readonly text: string;
};

export class JournaledAnswers<T> {
	readonly #journal: Journal;
	readonly #tell: (run: string, answer: T | Failure) => void;
	readonly #numbers = new RunNumbers();

	constructor(
		journal: Journal,
		tell: (run: string, answer: T | Failure) => void,
	) {
		this.#journal = journal;
		this.#tell = tell;
	}

	/** @param facts of the run: what is the same in a replay */
	of<R>(
		facts: string,
		running: Promise<R>,
		toAnswer: (result: R) => T,
	): Promise<R> {
		if (!this.#journal.isOn) return running;
		const run = this.#numbers.begin(facts);
		const arrive = (answer: () => T | Failure, settle: () => void) =>
			this.#journal.arrive(() => {
				this.#numbers.end(facts);
				this.#tell(run, answer());
				settle();
			});
		return new Promise((resolve, reject) => {
			running.then(
				(result) =>
					arrive(
						() => toAnswer(result),
						() => resolve(result),
					),
				(cause: unknown) =>
					arrive(
						() => {
							const { code, message } = toSaccadeError(cause);
							return { ok: false, code, text: message };
						},
						() => reject(cause),
					),
			);
		});
	}
}

/** Runs that wait for the journal to say what they answered. */
export class ReplayedAnswers<R> {
	readonly #numbers = new RunNumbers();
	readonly #waiting = new Map<
		string,
		{
			readonly facts: string;
			readonly resolve: (result: R) => void;
			readonly reject: (error: SaccadeError) => void;
		}
	>();

	wait(facts: string): Promise<R> {
		const run = this.#numbers.begin(facts);
		return new Promise((resolve, reject) => {
			this.#waiting.set(run, { facts, resolve, reject });
		});
	}

	/** False: no such run waits. */
	answer(
		run: string,
		answer: { readonly ok: true; readonly result: R } | Failure,
	): boolean {
		const one = this.#waiting.get(run);
		if (one === undefined) return false;
		this.#waiting.delete(run);
		this.#numbers.end(one.facts);
		if (answer.ok) one.resolve(answer.result);
		else one.reject(new SaccadeError(answer.code, answer.text));
		return true;
	}
}
