// On Linux a priority belongs to a thread; elsewhere the whole process would get it, and nothing is done.
import { setPriority } from "node:os";

/** Of the calling thread. @param nice 0 to 19, absolute; the higher, the more it yields to others */
export function lowerThreadPriority(nice: number): void {
	if (process.platform !== "linux") return;
	try {
		// 0: whoever calls.
		setPriority(0, nice);
	} catch {
		// A sandbox that forbids it: everything works as before, only beside others.
	}
}
