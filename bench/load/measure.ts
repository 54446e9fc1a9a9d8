// One measured window of load from bench/load/process.ts, a process of its own; the server's CPU is read at both ends.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CpuMeter } from "../lib/machine.ts";
import type { LoadJob, LoadResult } from "./process.ts";

const generator = fileURLToPath(new URL("process.ts", import.meta.url));

/** What every generator tells of a window. */
export interface LoadWindow {
	readonly perSecond: number;
	readonly answered: number;
	/** CPU of the generator, in cores: near 1 means that it, not the server, sets the rate. */
	readonly clientCores: number;
	/** CPU of the server per answer, all threads, in µs. */
	readonly serverCpuUs: number;
	/** The part of it that the kernel spent. */
	readonly serverSystemUs: number;
}

export type MeasuredLoad = LoadResult & LoadWindow;

/**
 * @param serverPids of all processes of the server, whose CPU is added up
 * @param atMark called as the window opens, and as it ends
 */
export async function measureLoad(
	serverPids: number | readonly number[],
	job: LoadJob,
	atMark: () => Promise<void> = async () => {},
): Promise<MeasuredLoad> {
	const child = spawn(process.execPath, ["-C", "source", generator], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	child.stdin.end(JSON.stringify(job));
	const pids = [serverPids].flat();
	let meter = new CpuMeter(...pids);
	let used = meter.used();
	let result: LoadResult | null = null;
	for await (const line of createInterface({ input: child.stdout })) {
		if (line === "window-start") {
			meter = new CpuMeter(...pids);
			await atMark();
		} else if (line === "window-end") {
			used = meter.used();
			await atMark();
		} else result = JSON.parse(line) as LoadResult;
	}
	if (result === null)
		throw new Error(`${job.model.name}: the generator gave no result`);
	if (result.answered === 0)
		throw new Error(`${job.model.name}: no request was answered`);
	if (result.wrong > 0)
		throw new Error(
			`${job.model.name}: ${result.wrong} of ${result.answered} answers were wrong`,
		);
	return {
		...result,
		serverCpuUs: (used.userUs + used.systemUs) / result.answered,
		serverSystemUs: used.systemUs / result.answered,
	};
}
