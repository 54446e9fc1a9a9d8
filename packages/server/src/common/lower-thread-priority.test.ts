import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Worker } from "node:worker_threads";

const NICE = 7;
/** Of the fields after the name in /proc/…/stat. */
const NICE_FIELD = 16;

test("a thread yields alone: the others of its process stay as they were", {
	skip: process.platform !== "linux",
	timeout: 30_000,
}, async () => {
	const module = new URL("lower-thread-priority.ts", import.meta.url).href;
	const before = niceOf(readFileSync("/proc/thread-self/stat", "utf8"));
	const worker = new Worker(
		`const { parentPort } = require("node:worker_threads");
		import(${JSON.stringify(module)}).then(({ lowerThreadPriority }) => {
			lowerThreadPriority(${NICE});
			parentPort.postMessage(require("node:fs").readFileSync("/proc/thread-self/stat", "utf8"));
		});`,
		{ eval: true },
	);
	const { promise, resolve, reject } = Promise.withResolvers<string>();
	worker.once("message", resolve).once("error", reject);
	assert.equal(niceOf(await promise), NICE);
	assert.equal(niceOf(readFileSync("/proc/thread-self/stat", "utf8")), before);
	await worker.terminate();
});

function niceOf(stat: string): number {
	return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[NICE_FIELD]);
}
