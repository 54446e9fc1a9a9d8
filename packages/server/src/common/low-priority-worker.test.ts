import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { startLowPriorityWorker } from "./low-priority-worker.ts";

const NICE = 7;
/** Of the fields after the name in /proc/…/stat. */
const NICE_FIELD = 16;
const FILE = `
	import { readFileSync } from "node:fs";
	import { parentPort } from "node:worker_threads";
	parentPort.postMessage(readFileSync("/proc/thread-self/stat", "utf8"));
`;

for (const name of ["named", "a name longer than threads can have"])
	test(`a thread called '${name}' yields before its first line, and who started it does not`, {
		skip: process.platform !== "linux" && "priorities of threads are Linux's",
		timeout: 30_000,
	}, async () => {
		const before = ownNice();
		const url = new URL(`data:text/javascript,${encodeURIComponent(FILE)}`);
		const worker = startLowPriorityWorker(NICE, url, { name });
		const { promise, resolve, reject } = Promise.withResolvers<string>();
		worker.once("message", resolve).once("error", reject);
		assert.equal(niceOf(await promise), NICE);
		assert.equal(ownNice(), before);
		await worker.terminate();
	});

function ownNice(): number {
	return niceOf(readFileSync("/proc/thread-self/stat", "utf8"));
}

function niceOf(stat: string): number {
	return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[NICE_FIELD]);
}
