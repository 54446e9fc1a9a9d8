// Follows a ring in a thread of its own until it has the last result; checks that none is torn or out of order.
import { parentPort, workerData } from "node:worker_threads";
import { ResultRingReader } from "../result-ring.ts";

const { memory, total } = workerData as {
	readonly memory: SharedArrayBuffer;
	readonly total: number;
};
const reader = new ResultRingReader(memory);
parentPort?.postMessage("ready");

let readCount = 0;
let last = -1;
let fault = "";
while (last < total - 1 && fault === "") {
	const result = reader.read();
	if (result === null) {
		if (!reader.wait(20_000)) fault = "nothing came";
		continue;
	}
	readCount++;
	const words = new Uint32Array(result.buffer);
	const number = words[0]!;
	// Every word is the number, and their count follows from it: a torn result has two numbers, or the wrong length.
	if (words.length !== 1 + (number % 60))
		fault = `length ${words.length} of ${number}`;
	for (const word of words) if (word !== number) fault = `${word} in ${number}`;
	if (number <= last) fault = `${number} after ${last}`;
	last = number;
}
parentPort?.postMessage({ readCount, lostCount: reader.lostCount, fault });
