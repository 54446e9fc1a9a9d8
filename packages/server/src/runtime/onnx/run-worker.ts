// A thread that stays on some cores and makes runs there, one at a time: arguments of `Run` in, its status out.
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { stayOn } from "../../devices/affinity.ts";
import { waitForTick } from "../../devices/batch-class.ts";
import { loadOrtApi, type Pointer } from "./native.ts";

export interface RunWorkerData {
	/** That it stays on. */
	readonly cores: readonly number[];
	readonly libraryPath: string;
	readonly nice: number;
}

/** As the threads of libuv's pool do: app/thread-priority.ts. */
function yieldToOthers(nice: number): void {
	waitForTick(THIS_THREAD);
	try {
		setPriority(THIS_THREAD, nice);
	} catch {
		// A sandbox that forbids it: all works as before, only later.
	}
}

type RunArguments = Parameters<ReturnType<typeof loadOrtApi>["Run"]>;

/** On Linux the calling thread, and no other. */
const THIS_THREAD = 0;

if (parentPort !== null) {
	const port = parentPort;
	const { cores, libraryPath, nice } = workerData as RunWorkerData;
	stayOn(cores);
	if (nice > 0) yieldToOthers(nice);
	const { Run } = loadOrtApi(libraryPath);
	port.on("message", (args: readonly (Pointer | number)[] | null) => {
		if (args === null) port.close();
		else port.postMessage(Run(...(args as unknown as RunArguments)));
	});
	port.postMessage(null);
}
