// Looks at repositories in a thread of its own, which starts with the first question and again should it ever end.
import type { Worker } from "node:worker_threads";
import { startLowPriorityWorker } from "../../common/low-priority-worker.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { Answer, Inspections, Question } from "./inspector-messages.ts";

interface Asked {
	resolve(value: unknown): void;
	reject(error: SaccadeError): void;
}

const LOWEST_PRIORITY = 19;

export class Inspector {
	readonly #asked = new Map<number, Asked>();
	#worker: Worker | null = null;
	#lastId = 0;
	#isClosed = false;

	/** Rejects with INTERNAL when the thread cannot answer. */
	ask<About extends keyof Inspections>(
		about: About,
		path: string,
	): Promise<Inspections[About]> {
		if (this.#isClosed) return Promise.reject(lost("it is closed"));
		const question: Question = { id: ++this.#lastId, about, path };
		return new Promise((resolve, reject) => {
			this.#asked.set(question.id, {
				resolve: (value) => resolve(value as Inspections[About]),
				reject,
			});
			this.#worker ??= this.#start();
			this.#worker.ref();
			this.#worker.postMessage(question);
		});
	}

	async close(): Promise<void> {
		this.#isClosed = true;
		await this.#worker?.terminate();
	}

	#start(): Worker {
		const file = import.meta.url.endsWith(".ts")
			? "./inspector-worker.ts"
			: "./inspector-worker.js";
		const url = new URL(file, import.meta.url);
		const worker = startLowPriorityWorker(LOWEST_PRIORITY, url, {
			name: "repository",
		});
		worker.on("message", (answer: Answer) => this.#answered(answer));
		worker.on("error", (error) => this.#ended(worker, String(error)));
		worker.on("exit", () => this.#ended(worker, "its thread ended"));
		return worker;
	}

	#answered(answer: Answer): void {
		const asked = this.#asked.get(answer.id);
		this.#asked.delete(answer.id);
		// Nobody waits: it keeps no process alive.
		if (this.#asked.size === 0) this.#worker?.unref();
		if (answer.ok) asked?.resolve(answer.value);
		else asked?.reject(lost(answer.text));
	}

	#ended(worker: Worker, why: string): void {
		if (this.#worker !== worker) return;
		this.#worker = null;
		const waiting = [...this.#asked.values()];
		this.#asked.clear();
		for (const { reject } of waiting) reject(lost(why));
	}
}

function lost(why: string): SaccadeError {
	return new SaccadeError(
		"INTERNAL",
		`the model repository could not be looked at: ${why}`,
	);
}
