// What a results file says about where its numbers were taken.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import os from "node:os";

export interface MachineFacts {
	readonly cpu: string;
	readonly cores: number;
	readonly memoryGiB: number;
	readonly os: string;
	readonly node: string;
	readonly commit: string;
	readonly date: string;
	readonly command: string;
}

export function machineFacts(command: string): MachineFacts {
	return {
		cpu: os.cpus()[0]?.model.trim() ?? "unknown",
		cores: os.availableParallelism(),
		memoryGiB: Math.round(os.totalmem() / 2 ** 30),
		os: `${os.type()} ${os.release()}`,
		node: process.version,
		commit: gitCommit(),
		date: new Date().toISOString().slice(0, 10),
		command,
	};
}

function gitCommit(): string {
	try {
		return execFileSync("git", ["rev-parse", "--short", "HEAD"], {
			encoding: "utf8",
		}).trim();
	} catch {
		return "unknown";
	}
}

/**
 * CPU time of a process in µs, all threads summed, from the scheduler's own accounting
 * (first field of /proc/PID/task/TID/schedstat, nanoseconds). Threads that ended are not counted.
 */
export function processCpuUs(pid: number): number {
	let totalNs = 0;
	for (const tid of readdirSync(`/proc/${pid}/task`)) {
		try {
			const text = readFileSync(`/proc/${pid}/task/${tid}/schedstat`, "utf8");
			totalNs += Number(text.split(" ")[0]);
		} catch {
			// The thread ended between listing and reading.
		}
	}
	return totalNs / 1000;
}

/** Resident memory of a process in MB. */
export function residentMb(pid: number): number {
	const text = readFileSync(`/proc/${pid}/status`, "utf8");
	return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? Number.NaN) / 1024;
}
