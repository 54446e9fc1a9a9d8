// For how long the thread that asks could have run and waited for a core, as Linux counts it: what others on the machine
// took from it. https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
import { openSync, readSync } from "node:fs";

/** Its first two fields are times in ns: on a core, and waiting for one. */
const file = openSync("/proc/thread-self/schedstat", "r");
const text = Buffer.alloc(128);

/** Since the thread began, in ms. */
export function coreWaitMs(): number {
	const length = readSync(file, text, 0, text.byteLength, 0);
	return Number(text.toString("latin1", 0, length).split(" ")[1]) / 1e6;
}
