// One measured window of a workload: the generator in its own process, the server's CPU read at both ends.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { processCpuUs } from "../lib/machine.ts";
import type { LoadJob, LoadResult } from "../load/process.ts";

const generator = join(
	dirname(dirname(fileURLToPath(import.meta.url))),
	"load/process.ts",
);

export interface MeasuredLoad extends LoadResult {
	/** CPU of the server per answer, all threads, in µs. */
	readonly serverCpuUs: number;
}

export async function measureLoad(
	serverPid: number,
	job: LoadJob,
): Promise<MeasuredLoad> {
	const child = spawn(process.execPath, ["-C", "source", generator], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	child.stdin.end(JSON.stringify(job));
	let startUs = 0;
	let usedUs = 0;
	let result: LoadResult | null = null;
	for await (const line of createInterface({ input: child.stdout })) {
		if (line === "window-start") startUs = processCpuUs(serverPid);
		else if (line === "window-end") usedUs = processCpuUs(serverPid) - startUs;
		else result = JSON.parse(line) as LoadResult;
	}
	if (result === null)
		throw new Error(`${job.model.name}: the generator gave no result`);
	if (result.wrong > 0)
		throw new Error(
			`${job.model.name}: ${result.wrong} of ${result.answered} answers were wrong`,
		);
	return { ...result, serverCpuUs: usedUs / result.answered };
}
