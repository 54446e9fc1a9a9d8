import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { lockFile, tryLock } from "./file-lock.ts";

function openTwice(t: TestContext): [number, number] {
	const folder = mkdtempSync(join(tmpdir(), "saccade-lock-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const path = join(folder, "lock");
	return [openSync(path, "a"), openSync(path, "r")];
}

test("readers share a file, a writer has it alone", (t) => {
	const [one, other] = openTwice(t);
	assert.ok(tryLock(one, "shared"));
	assert.ok(tryLock(other, "shared"));
	assert.ok(!tryLock(other, "exclusive"));
	closeSync(one);
	assert.ok(tryLock(other, "exclusive"));
	closeSync(other);
});

test("who waits for a lock gets it when its holder is gone, and holds nobody up meanwhile", async (t) => {
	const [one, other] = openTwice(t);
	assert.ok(tryLock(one, "exclusive"));
	const order: string[] = [];
	const locked = lockFile(other, "exclusive").then(() => order.push("locked"));
	await new Promise((resolve) => setImmediate(resolve));
	order.push("let go");
	closeSync(one);
	await locked;
	assert.deepEqual(order, ["let go", "locked"]);
	closeSync(other);
});
