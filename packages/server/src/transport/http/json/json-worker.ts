// The thread's side of json-thread.ts: one task at a time, memory moves in and out.
import { parentPort } from "node:worker_threads";
import { answerJsonTask, buffersOf, type JsonTask } from "./json-task.ts";

parentPort?.on("message", (task: JsonTask) => {
	const answer = answerJsonTask(task);
	const moved = answer.ok ? buffersOf(answer.result) : [];
	parentPort?.postMessage(answer, moved);
});
