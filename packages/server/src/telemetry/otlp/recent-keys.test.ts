import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentKeys } from "./recent-keys.ts";

test("a key is new once, while it is among the newest", () => {
	const keys = new RecentKeys(3);
	const added = (...names: string[]) => names.filter((name) => keys.add(name));
	assert.deepEqual(added("a", "b", "a", "c", "b"), ["a", "b", "c"]);
	// The three that came last are remembered, whatever came before.
	for (let i = 0; i < 50; i++) assert.deepEqual(added(`${i}`), [`${i}`]);
	assert.deepEqual(added("49", "48", "47"), []);
});

test("what is long past is forgotten: memory is bounded", () => {
	const keys = new RecentKeys(3);
	for (const name of ["a", "b", "c", "d", "e", "f", "g"]) keys.add(name);
	assert.ok(keys.add("a"));
});
