// The thread that looks at repositories: it waits for disks and hashes gigabytes, with the lowest priority.
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { basename } from "node:path";
import { parentPort } from "node:worker_threads";
import { ContentReader } from "./content.ts";
import type { Answer, Question } from "./inspector-messages.ts";
import { scanModel, scanRepository } from "./scan.ts";

const LOWEST_PRIORITY = 19;

/** On Linux a priority belongs to a thread; elsewhere the process would get it, and nothing is done. */
function yieldToAll(): void {
	if (process.platform !== "linux") return;
	try {
		const thread = basename(readlinkSync("/proc/thread-self"));
		setPriority(Number(thread), LOWEST_PRIORITY);
	} catch {
		// A sandbox without /proc: it works as before, only beside others.
	}
}

const contents = new ContentReader();

function inspect({ about, path }: Question): unknown {
	switch (about) {
		case "repository":
			return scanRepository(path);
		case "model":
			return scanModel(path);
		case "content":
			return contents.read(path);
	}
}

yieldToAll();
parentPort?.on("message", (question: Question) => {
	const { id } = question;
	let answer: Answer;
	try {
		answer = { id, ok: true, value: inspect(question) };
	} catch (error) {
		answer = { id, ok: false, text: String(error) };
	}
	parentPort?.postMessage(answer);
});
