// The parent's side of load-process.ts: windows one after the other, with the server's CPU in each.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CpuMeter } from "../../lib/machine.ts";
import type { RunningServer } from "../../lib/server-process.ts";
import type { TelemetryJob, TelemetryReport } from "./load-process.ts";

const script = fileURLToPath(new URL("load-process.ts", import.meta.url));

export type Wire = TelemetryJob["wire"];

export interface TelemetryWindow {
	readonly wire: Wire;
	readonly offeredPerSecond: number;
	/** Readings that ended in RESULT, in time or late. */
	readonly resultsPerSecond: number;
	/** Of what arrived. */
	readonly shareInTime: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
	readonly serverCpuUs: number;
	readonly clientCores: number;
	/** From the scheduled arrival to the hand-over for sending, at p99. */
	readonly lateP99Ms: number;
}

export const DEADLINE_MS = 100;
const LEAD_MS = 250;

export class TelemetryGenerator {
	readonly #child: ChildProcess;
	readonly #lines: AsyncIterator<string>;

	constructor() {
		this.#child = spawn(process.execPath, ["-C", "source", script], {
			stdio: ["pipe", "pipe", "inherit"],
		});
		this.#lines = createInterface({ input: this.#child.stdout! })[
			Symbol.asyncIterator
		]();
	}

	/** Throws when an outcome is wrong or the generator ends. */
	async measure(
		server: RunningServer,
		{
			wire,
			sockets,
			ratePerSecond,
			seconds,
			seed,
		}: {
			readonly wire: Wire;
			readonly sockets: number;
			readonly ratePerSecond: number;
			readonly seconds: number;
			readonly seed: number;
		},
	): Promise<TelemetryWindow> {
		const job: TelemetryJob = {
			wire,
			sockets,
			ratePerSecond,
			seed,
			port: wire === "stream" ? server.grpcPort : server.httpPort,
			deadlineMs: DEADLINE_MS,
			leadMs: LEAD_MS,
			windowMs: seconds * 1000,
		};
		this.#child.stdin?.write(`${JSON.stringify(job)}\n`);
		await this.#expect("window-start");
		const meter = new CpuMeter(server.pid);
		await this.#expect("window-end");
		const { userUs, systemUs } = meter.used();
		const report = JSON.parse(await this.#next()) as TelemetryReport;
		if (report.wrong > 0)
			throw new Error(
				`${report.wrong} outcomes of ${report.scheduled} are wrong`,
			);
		const { inTime, late } = report.outcomes;
		const ms = (us: number | null) =>
			us === null ? 2 * DEADLINE_MS : us / 1000;
		return {
			wire,
			offeredPerSecond: report.scheduled / seconds,
			resultsPerSecond: (inTime + late) / seconds,
			shareInTime: inTime / report.scheduled,
			p50Ms: ms(report.p50Us),
			p99Ms: ms(report.p99Us),
			serverCpuUs: (userUs + systemUs) / Math.max(1, inTime + late),
			clientCores: report.clientCores,
			lateP99Ms: report.latenessP99Us / 1000,
		};
	}

	async close(): Promise<void> {
		const exit = once(this.#child, "exit");
		this.#child.stdin?.end();
		await exit;
	}

	async #expect(mark: string): Promise<void> {
		const line = await this.#next();
		if (line !== mark) throw new Error(`the generator said '${line}'`);
	}

	async #next(): Promise<string> {
		const { value, done } = await this.#lines.next();
		if (done === true) throw new Error("the load generator ended");
		return value;
	}
}
