// Threads that yield from their first moment on. The start of one alone takes some 30 ms of a core, before it could
// lower its own priority. On Linux whoever starts it can do that: a priority belongs to a thread there.
import { readdirSync, readFileSync } from "node:fs";
import { setPriority } from "node:os";
import type { Worker, WorkerOptions } from "node:worker_threads";

const TASKS = "/proc/self/task";
/** The system keeps no more of a thread's name. */
const NAME_BYTES = 15;

/** @param nice 0 to 19, absolute; the higher, the more it yields to others */
export function startLowPriorityWorker(
	nice: number,
	file: URL,
	options: WorkerOptions & { readonly name: string },
): Worker {
	const { Worker } = process.getBuiltinModule("node:worker_threads");
	const before = new Set(threadIds());
	const worker = new Worker(file, options);
	const started = threadIds().filter((id) => !before.has(id));
	if (started.length > 0) lower(started, nice, options.name);
	return worker;
}

/** Empty where there are none, or nobody tells. */
function threadIds(): string[] {
	try {
		return process.platform === "linux" ? readdirSync(TASKS) : [];
	} catch {
		return [];
	}
}

/** Others may start threads at the same time. Until it has its own name, one has that of the thread that started it. */
function lower(ids: readonly string[], nice: number, name: string): void {
	try {
		const starter = readFileSync("/proc/thread-self/comm", "utf8");
		const own = name.slice(0, NAME_BYTES);
		for (const id of ids) {
			const its = readFileSync(`${TASKS}/${id}/comm`, "utf8");
			const isOurs = its === starter || its.trim() === own;
			if (isOurs) setPriority(Number(id), nice);
		}
	} catch {
		// A sandbox that forbids it: everything works as before, only beside others.
	}
}
