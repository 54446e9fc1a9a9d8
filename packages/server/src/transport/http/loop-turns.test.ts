import assert from "node:assert/strict";
import { test } from "node:test";
import { LoopTurns } from "./loop-turns.ts";

test("each turn of the loop goes to one who waits, in their order", async () => {
	const turns = new LoopTurns();
	const log: string[] = [];
	const work = async (name: string) => {
		for (let i = 0; i < 2; i++) {
			await turns.next();
			log.push(name);
		}
	};
	const all = Promise.all([work("a"), work("b"), work("c")]);
	let isOver = false;
	void all.then(() => {
		isOver = true;
	});
	while (!isOver) {
		log.push("|");
		await new Promise(setImmediate);
	}
	const turn = log
		.join("")
		.split("|")
		.filter((each) => each !== "");
	assert.deepEqual(turn, ["a", "b", "c", "a", "b", "c"]);
});
