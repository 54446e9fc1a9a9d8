// Memory of processes as Linux counts it (proc(5)), in bytes.
import { readFileSync } from "node:fs";

/** `RssAnon`: what is in memory and in no file; `VmRSS`: what is in memory. */
export function statusBytes(field: "RssAnon" | "VmRSS"): number {
	return kilobytes(readFileSync("/proc/self/status", "latin1"), field);
}

/** `Pss`: pages that several processes have in memory count in parts. Of a whole process. */
export function proportionalBytes(pid: number): number {
	return kilobytes(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"), "Pss");
}

/** The same of what the process has mapped from files below `folder`. */
export function proportionalBytesOf(pid: number, folder: string): number {
	const regions = readFileSync(`/proc/${pid}/smaps`, "utf8").split(
		/^(?=[0-9a-f]+-[0-9a-f]+ )/m,
	);
	return regions
		.filter((region) => region.slice(0, region.indexOf("\n")).includes(folder))
		.reduce((sum, region) => sum + kilobytes(region, "Pss"), 0);
}

function kilobytes(text: string, field: string): number {
	const match = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text);
	if (match === null) throw new Error(`no ${field} in this text of /proc`);
	return 1024 * Number(match[1]);
}
