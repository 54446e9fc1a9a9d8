// Linux' scheduling class for threads that compute. Such a thread has its share of the cores as others have, by its
// nice value, but when it wakes it does not interrupt whoever runs: it waits for the next tick.
// https://man7.org/linux/man-pages/man7/sched.7.html (SCHED_BATCH)
import koffi from "koffi";

const SCHED_OTHER = 0;
const SCHED_BATCH = 3;

interface SchedulerCalls {
	get(tid: number): number;
	set(tid: number, policy: number, priority: Int32Array): number;
}

let known: SchedulerCalls | null | undefined;

/**
 * The thread, and those that it starts from now on. One that somebody put into another class is left there, and so is
 * every one where the system has no such class or forbids it. @param tid 0: the calling one
 */
export function waitForTick(tid: number): void {
	const calls = findCalls();
	if (calls === null || calls.get(tid) !== SCHED_OTHER) return;
	// Of this class there is one priority, 0; the nice value stays.
	calls.set(tid, SCHED_BATCH, Int32Array.of(0));
}

function findCalls(): SchedulerCalls | null {
	if (known !== undefined) return known;
	known = null;
	if (process.platform !== "linux") return known;
	try {
		// null: whatever C library is loaded already.
		const library = koffi.load(null);
		known = {
			get: library.func("sched_getscheduler", "int", ["int"]),
			set: library.func("sched_setscheduler", "int", ["int", "int", "void *"]),
		} as unknown as SchedulerCalls;
	} catch {}
	return known;
}
