import assert from "node:assert/strict";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { cachePaths } from "./cache-files.ts";
import { canLockFiles } from "./file-lock.ts";
import { makeLoadFolder } from "./load-folder.ts";

function setUp(t: TestContext) {
	const root = mkdtempSync(join(tmpdir(), "saccade-load-folder-"));
	t.after(() => rmSync(root, { recursive: true }));
	return { root, paths: cachePaths(join(root, "cache")) };
}

test("a folder of a load is its owner's alone and goes with it; what a load left that was killed goes at the next", {
	skip: !canLockFiles() && "this system has no flock(2)",
}, async (t) => {
	const { paths } = setUp(t);
	const first = await makeLoadFolder(paths);
	assert.equal(dirname(first.path), paths.loading);
	for (const path of [paths.root, paths.loading, first.path])
		assert.equal(statSync(path).mode & 0o777, 0o700, path);
	writeFileSync(join(first.path, "tensors"), "x");
	// Nobody has it locked, as after the end of its process.
	mkdirSync(join(paths.loading, "load-killed"));
	writeFileSync(join(paths.loading, "load-killed", "tensors"), "x");
	const second = await makeLoadFolder(paths);
	assert.deepEqual(
		readdirSync(paths.loading).sort(),
		[first, second]
			.map(({ path }) => path.slice(paths.loading.length + 1))
			.sort(),
	);
	assert.ok(existsSync(join(first.path, "tensors")), "it is in use");
	await first.remove();
	await second.remove();
	assert.deepEqual(readdirSync(paths.loading), []);
});

for (const [name, spoil] of [
	["cannot be made", (root: string) => writeFileSync(join(root, "cache"), "")],
	[
		"is writable by others",
		(root: string) => {
			mkdirSync(join(root, "cache"));
			chmodSync(join(root, "cache"), 0o777);
		},
	],
] as const)
	test(`where the cache's folder ${name} it is made among temporary files`, async (t) => {
		const { root, paths } = setUp(t);
		spoil(root);
		const { path, remove } = await makeLoadFolder(paths);
		assert.equal(dirname(path), tmpdir());
		assert.equal(statSync(path).mode & 0o777, 0o700);
		await remove();
		assert.equal(existsSync(path), false);
	});
