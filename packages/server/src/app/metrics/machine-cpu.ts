// Busy share of the machine's cores between two looks.
import { readFileSync } from "node:fs";
import os from "node:os";

interface CpuTimes {
	readonly busy: number;
	readonly total: number;
}

export class MachineCpu {
	#before = cpuTimes();

	/** Since the last look, 0 to 1. */
	utilization(): number {
		const before = this.#before;
		this.#before = cpuTimes();
		const total = this.#before.total - before.total;
		return total <= 0 ? 0 : (this.#before.busy - before.busy) / total;
	}
}

/** Linux has the sum of all cores in one line; `os.cpus()` reads some files for each core, 0.2 ms for two. */
function cpuTimes(): CpuTimes {
	return process.platform === "linux"
		? parseProcStat(readFileSync("/proc/stat", "latin1"))
		: sumOfCores();
}

/** @param text of /proc/stat: https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat */
export function parseProcStat(text: string): CpuTimes {
	const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, ...more] = text
		.slice("cpu".length, text.indexOf("\n"))
		.trim()
		.split(/\s+/)
		.map(Number);
	// Time of guests is in user's already.
	const [irq = 0, softIrq = 0, steal = 0] = more;
	const busy = user + nice + system + irq + softIrq + steal;
	return { busy, total: busy + idle + ioWait };
}

function sumOfCores(): CpuTimes {
	let busy = 0;
	let total = 0;
	for (const { times } of os.cpus()) {
		const sum = times.user + times.nice + times.sys + times.irq + times.idle;
		total += sum;
		busy += sum - times.idle;
	}
	return { busy, total };
}
