// What the threads of a process have computed, and which cores they may use: Linux.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
import { readdirSync, readFileSync } from "node:fs";

export interface ThreadTime {
	readonly id: number;
	/** User and kernel time, in ms: the kernel counts in steps of 10. */
	readonly cpuMs: number;
	/** As `taskset` writes them. */
	readonly cores: string;
}

const TICK_MS = 10;
/** Fields 14 and 15, counted behind the name, which is field 2. */
const USER_TIME = 11;

export function threadTimes(pid: number): ThreadTime[] {
	const tasks = `/proc/${pid}/task`;
	return readdirSync(tasks).flatMap((id) => {
		try {
			const stat = readFileSync(`${tasks}/${id}/stat`, "utf8");
			const status = readFileSync(`${tasks}/${id}/status`, "utf8");
			const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
			const ticks = Number(fields[USER_TIME]) + Number(fields[USER_TIME + 1]);
			const cores = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "";
			return { id: Number(id), cpuMs: ticks * TICK_MS, cores };
		} catch {
			// It ended meanwhile.
			return [];
		}
	});
}

/** Threads that computed for `leastMs` or more since `before`, and not the first one, which is the event loop's. */
export function computedSince(
	pid: number,
	before: readonly ThreadTime[],
	leastMs: number,
): ThreadTime[] {
	const beforeMs = new Map(before.map(({ id, cpuMs }) => [id, cpuMs]));
	return threadTimes(pid).filter(
		({ id, cpuMs }) => id !== pid && cpuMs - (beforeMs.get(id) ?? 0) >= leastMs,
	);
}
