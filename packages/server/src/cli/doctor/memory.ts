import os from "node:os";

/** What this process may use, by cgroup where it says so; 0 from Node means no limit. */
export function memoryLimitBytes(): number {
	const limit = process.constrainedMemory();
	const total = os.totalmem();
	return limit > 0 && limit < total ? limit : total;
}
