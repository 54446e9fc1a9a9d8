import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentMap } from "./recent-map.ts";

test("what was asked for longest ago is forgotten when there is no room", () => {
	const map = new RecentMap<string, number>(2);
	map.set("a", 1);
	map.set("b", 2);
	assert.equal(map.get("a"), 1);
	map.set("c", 3);
	assert.equal(map.get("b"), undefined);
	assert.equal(map.get("a"), 1);
	assert.equal(map.get("c"), 3);
	map.set("a", 4);
	map.set("d", 5);
	assert.equal(map.get("c"), undefined, "setting anew counts as asking");
	assert.equal(map.get("a"), 4);
	map.delete("a");
	assert.equal(map.get("a"), undefined);
});
