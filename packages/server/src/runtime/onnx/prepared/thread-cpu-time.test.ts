import assert from "node:assert/strict";
import { test } from "node:test";
import { threadCpuMs } from "./thread-cpu-time.ts";

test("what a thread took is told between the ticks of the system, too", {
	skip: process.platform !== "linux" && "only Linux has such a clock",
}, () => {
	for (let i = 0; i < 50; i++) {
		const startMs = performance.now();
		const before = threadCpuMs();
		while (performance.now() < startMs + 0.3);
		const tookMs = threadCpuMs() - before;
		assert.ok(tookMs > 0, "it was busy");
		const passedMs = performance.now() - startMs;
		assert.ok(tookMs <= passedMs, `${tookMs} of ${passedMs} ms`);
	}
});

test("time in which a thread waits is not its own", () => {
	const never = new Int32Array(new SharedArrayBuffer(4));
	const before = threadCpuMs();
	assert.equal(Atomics.wait(never, 0, 0, 100), "timed-out");
	assert.ok(threadCpuMs() - before < 50);
});
