// The threads that run models yield to the event loop: where all cores are busy, the loop would otherwise wait for
// their time slices, heads would be seen and answers leave milliseconds late, and deadlines be missed for it. Nor do
// they interrupt it when they wake: it hands over batches all the time, and would stand still at each
// (docs/decisions/0021-runs-do-not-interrupt.md).
//
// V8's helpers yield further: marking a heap of 30 MB keeps four of them busy for 60 ms of a core together, and at the
// priority that they are born with runs wait for all of it (docs/decisions/0024-collecting-garbage-yields.md).
//
// On Linux a priority, and a class, belongs to a thread, and to the threads that it starts later, ONNX Runtime's own among them.
// Elsewhere priorities belong to the process, and nothing is done.
import { readdirSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { setPriority } from "node:os";
import { waitForTick } from "../devices/batch-class.ts";

const TASKS = "/proc/self/task";
/** As libuv names the threads of its pool. */
const POOL_THREAD = "libuv-worker";
/** And V8 those that collect garbage and compile. Under full load the loop still waits for what they began. */
const HELPER_THREAD = "V8Worker";
const HELPER_NICE = 10;

/** @param nice 0 to 19, added to nothing: an absolute value. @returns how many threads were changed */
export async function yieldToLoop(nice: number): Promise<number> {
	if (nice === 0 || process.platform !== "linux") return 0;
	// The pool starts, as a whole, with its first task.
	await stat(TASKS).catch(() => null);
	let count = 0;
	try {
		for (const id of readdirSync(TASKS)) {
			const name = readFileSync(`${TASKS}/${id}/comm`, "utf8").trim();
			if (name !== POOL_THREAD && name !== HELPER_THREAD) continue;
			const isHelper = name === HELPER_THREAD;
			setPriority(Number(id), isHelper ? Math.max(nice, HELPER_NICE) : nice);
			waitForTick(Number(id));
			count++;
		}
	} catch {
		// A sandbox without /proc, or one that forbids it: everything works as before, only later.
	}
	return count;
}
