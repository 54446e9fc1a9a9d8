// The parent's side of the open-loop generator: one process for all windows of a workload, warm and with its requests
// encoded; the server's CPU and memory are read while a window runs.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CpuMeter } from "../../lib/machine.ts";
import { totalResidentMb } from "../../lib/process-tree.ts";
import type {
	OpenLoopJob,
	OpenLoopReport,
	OpenLoopSetup,
} from "../open-loop-process.ts";

const script = fileURLToPath(
	new URL("../open-loop-process.ts", import.meta.url),
);
const SAMPLE_MS = 50;
/** What the line of a job begins with that could not be measured. */
const FAILED = "failed: ";

export interface LoadedServer {
	/** Of all its processes. */
	readonly pids: readonly number[];
	readonly port: number;
}

export interface Window extends OpenLoopReport {
	readonly offeredPerSecond: number;
	/** Answered within the deadline, per second. */
	readonly goodputPerSecond: number;
	/** CPU of the server, all threads, in cores. */
	readonly serverCores: number;
	/** Highest that was seen from the first request to the last outcome. */
	readonly residentMb: number;
}

export class Generator {
	readonly #child: ChildProcess;
	readonly #lines: AsyncIterator<string>;

	constructor(setup: OpenLoopSetup) {
		this.#child = spawn(process.execPath, ["-C", "source", script], {
			stdio: ["pipe", "pipe", "inherit"],
		});
		this.#lines = createInterface({ input: this.#child.stdout! })[
			Symbol.asyncIterator
		]();
		this.#send(setup);
	}

	/** Throws when an answer is wrong or the server hangs up. @param atMark called as the window opens, and as it ends */
	async measure(
		server: LoadedServer,
		job: Omit<OpenLoopJob, "port">,
		atMark: () => Promise<void> = async () => {},
	): Promise<Window> {
		this.#send({ ...job, port: server.port } satisfies OpenLoopJob);
		let peakMb = totalResidentMb(server.pids);
		const sampler = setInterval(() => {
			peakMb = Math.max(peakMb, totalResidentMb(server.pids));
		}, SAMPLE_MS);
		try {
			await this.#expect("window-start");
			const meter = new CpuMeter(...server.pids);
			await atMark();
			await this.#expect("window-end");
			const { userUs, systemUs } = meter.used();
			await atMark();
			const report = JSON.parse(await this.#next()) as OpenLoopReport;
			if (report.wrong > 0)
				throw new Error(
					`${report.wrong} of ${report.scheduled} answers were wrong`,
				);
			return {
				...report,
				offeredPerSecond: job.ratePerSecond,
				goodputPerSecond: (report.outcomes.inTime * 1000) / job.windowMs,
				serverCores: (userUs + systemUs) / 1e3 / job.windowMs,
				residentMb: peakMb,
			};
		} finally {
			clearInterval(sampler);
		}
	}

	async close(): Promise<void> {
		const exit = once(this.#child, "exit");
		this.#child.stdin?.end();
		await exit;
	}

	#send(message: OpenLoopSetup | OpenLoopJob): void {
		this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
	}

	async #expect(mark: string): Promise<void> {
		const line = await this.#next();
		if (line !== mark) throw new Error(`the generator said '${line}'`);
	}

	async #next(): Promise<string> {
		const { value, done } = await this.#lines.next();
		if (done === true) throw new Error("the load generator ended");
		if (value.startsWith(FAILED)) throw new Error(value.slice(FAILED.length));
		return value;
	}
}
