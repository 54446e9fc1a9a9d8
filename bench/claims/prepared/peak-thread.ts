// Looks at the process's anonymous memory every half millisecond, while the main thread loads. Kept: the most, in KB.
import { workerData } from "node:worker_threads";
import { statusBytes } from "./memory.ts";

const peakKb = new Int32Array(workerData as SharedArrayBuffer);
const never = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
	const kb = statusBytes("RssAnon") / 1024;
	if (kb > peakKb[0]!) Atomics.store(peakKb, 0, kb);
	Atomics.wait(never, 0, 0, 0.5);
}
