import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { LoadTurns } from "./load-turns.ts";

test("loads wait for one another, in their order, and as many run at once as may", async () => {
	for (const [width, running] of [
		[1, ["a", "b", "c"]],
		[2, ["a b", "b c", "c"]],
	] as const) {
		const turns = new LoadTurns(width);
		const held: { name: string; end: () => void }[] = [];
		for (const name of ["a", "b", "c"])
			void turns.begin().then((end) => held.push({ name, end }));
		for (const names of running) {
			await nextTurn();
			assert.equal(held.map(({ name }) => name).join(" "), names);
			const first = held.shift();
			first?.end();
			first?.end();
		}
	}
});
