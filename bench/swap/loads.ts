// The parent's side of load-process.ts.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LoadJob, LoadReport, LoadSetup } from "./load-process.ts";

const script = fileURLToPath(new URL("load-process.ts", import.meta.url));

export class Loads {
	readonly #child: ChildProcess;
	readonly #lines: AsyncIterator<string>;

	constructor(setup: LoadSetup) {
		this.#child = spawn(process.execPath, ["-C", "source", script], {
			stdio: ["pipe", "pipe", "inherit"],
		});
		this.#lines = createInterface({ input: this.#child.stdout! })[
			Symbol.asyncIterator
		]();
		this.#send(setup);
	}

	/** One report a model. Throws for a wrong answer. */
	async run(job: LoadJob): Promise<readonly LoadReport[]> {
		this.#send(job);
		const { value, done } = await this.#lines.next();
		if (done === true) throw new Error("the load generator ended");
		const reports = JSON.parse(value as string) as LoadReport[];
		for (const { wrong, scheduled } of reports)
			if (wrong > 0)
				throw new Error(`${wrong} of ${scheduled} answers were wrong`);
		return reports;
	}

	async close(): Promise<void> {
		const exit = once(this.#child, "exit");
		this.#child.stdin?.end();
		await exit;
	}

	#send(message: LoadSetup | LoadJob): void {
		this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
	}
}
