// Runs the processes that prepare, from the server's side: one at a time, each for one model, ended when it takes too long.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import type { Obtained, PrepareJob } from "./obtain-entry.ts";
import type { FromPrepareProcess } from "./prepare-process.ts";

/** Large models take tens of seconds; another server on the machine may prepare one first. */
const TIMEOUT_MS = 600_000;

const isSource = import.meta.url.endsWith(".ts");
const SCRIPT = fileURLToPath(
	new URL(`./prepare-process.${isSource ? "ts" : "js"}`, import.meta.url),
);

export class Preparer {
	readonly #running = new Set<ChildProcess>();
	#tail: Promise<unknown> = Promise.resolve();
	#isClosed = false;

	/** Throws LOAD_FAILED with the reason, or UNAVAILABLE once closed. */
	prepare(
		job: PrepareJob,
		progress: (text: string) => void = () => {},
	): Promise<Obtained> {
		const run = this.#tail.then(() => this.#run(job, progress));
		this.#tail = run.catch(() => {});
		return run;
	}

	/** Ends what is under way. */
	close(): void {
		this.#isClosed = true;
		for (const child of this.#running) child.kill("SIGKILL");
	}

	#run(job: PrepareJob, progress: (text: string) => void): Promise<Obtained> {
		if (this.#isClosed)
			return Promise.reject(
				new SaccadeError("UNAVAILABLE", "the server is stopping"),
			);
		const child = fork(SCRIPT, [], {
			execArgv: isSource ? ["--conditions=source"] : [],
			stdio: ["ignore", "ignore", "inherit", "ipc"],
		});
		this.#running.add(child);
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
			let result: Obtained | null = null;
			let problem: string | null = null;
			child.on("message", (message: FromPrepareProcess) => {
				if (message.kind === "progress") progress(message.text);
				else if (message.kind === "obtained") result = message.obtained;
				else problem = message.text;
			});
			const end = (reason: string) => {
				clearTimeout(timer);
				this.#running.delete(child);
				if (result !== null) resolve(result);
				else reject(new SaccadeError("LOAD_FAILED", problem ?? reason));
			};
			child.on("error", (error) => end(error.message));
			child.on("exit", (code, signal) =>
				end(`the process that prepares ended with ${signal ?? code}`),
			);
			child.send(job);
		});
	}
}
