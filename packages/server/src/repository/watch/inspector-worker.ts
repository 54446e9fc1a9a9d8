// The thread that looks at repositories: it waits for disks and hashes gigabytes.
import { parentPort } from "node:worker_threads";
import { ContentReader } from "./content.ts";
import type { Answer, Question } from "./inspector-messages.ts";
import { scanModel, scanRepository } from "./scan.ts";

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
