// What a results file says about where its numbers were taken.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
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
		const git = (...args: string[]) =>
			execFileSync("git", args, { encoding: "utf8" }).trim();
		// What is measured is `packages`: changes there that no commit has are told.
		const changed = git("status", "--porcelain", "--", "packages") !== "";
		return `${git("rev-parse", "--short", "HEAD")}${changed ? " and changes" : ""}`;
	} catch {
		return "unknown";
	}
}

export interface CpuTime {
	readonly userUs: number;
	readonly systemUs: number;
}

/** Unit of /proc/PID/stat: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_US = 10_000;

/**
 * CPU time of a process so far, its ended threads included: utime and stime of /proc/PID/stat (proc(5)). Their sum
 * is measured, to a tick of 10 ms; how it divides is sampled.
 */
export function cpuTime(pid: number): CpuTime {
	return readCpuTime(`/proc/${pid}/stat`);
}

/** Of the thread that a process began with: in Node the one of its event loop. */
export function mainThreadCpuTime(pid: number): CpuTime {
	return readCpuTime(`/proc/${pid}/task/${pid}/stat`);
}

/**
 * How long the process' main thread could run and no core took it, in µs (`schedstat`,
 * https://docs.kernel.org/scheduler/sched-stats.html); NaN where the kernel does not count it.
 */
export function mainThreadWaitUs(pid: number): number {
	const file = `/proc/${pid}/task/${pid}/schedstat`;
	if (!existsSync(file)) return Number.NaN;
	const [, waitNs] = readFileSync(file, "utf8").split(" ");
	return Number(waitNs) / 1000;
}

function readCpuTime(file: string): CpuTime {
	const text = readFileSync(file, "utf8");
	// The process' name may hold spaces and parentheses: fields count from its end, `state` being the third.
	const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
	return {
		userUs: Number(fields[11]) * TICK_US,
		systemUs: Number(fields[12]) * TICK_US,
	};
}

const exists = (pid: number) => existsSync(`/proc/${pid}`);

/** CPU that processes use together from now on; one that ended meanwhile is left out. */
export class CpuMeter {
	readonly #starts: ReadonlyMap<number, CpuTime>;

	constructor(...pids: readonly number[]) {
		this.#starts = new Map(
			pids.filter(exists).map((pid) => [pid, cpuTime(pid)]),
		);
	}

	used(): CpuTime {
		let userUs = 0;
		let systemUs = 0;
		for (const [pid, start] of this.#starts) {
			if (!exists(pid)) continue;
			const now = cpuTime(pid);
			userUs += now.userUs - start.userUs;
			systemUs += now.systemUs - start.systemUs;
		}
		return { userUs, systemUs };
	}
}

/** Resident memory of a process in MB. */
export function residentMb(pid: number): number {
	const text = readFileSync(`/proc/${pid}/status`, "utf8");
	return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? Number.NaN) / 1024;
}
