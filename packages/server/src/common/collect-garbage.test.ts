import assert from "node:assert/strict";
import { test } from "node:test";
import { collectGarbage } from "./collect-garbage.ts";

const MB = 1e6;

test("memory that nothing refers to any more goes back to the system", () => {
	let garbage: object[] = Array.from({ length: 1e6 }, () => ({}));
	const grownBytes = process.memoryUsage().heapTotal;
	assert.equal(garbage.length, 1e6);
	garbage = [];
	collectGarbage();
	const shrunkBytes = process.memoryUsage().heapTotal;
	assert.ok(
		shrunkBytes < grownBytes - 10 * MB,
		`from ${grownBytes} to ${shrunkBytes} bytes`,
	);
	assert.equal("gc" in globalThis, false);
});
