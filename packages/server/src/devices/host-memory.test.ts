import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fragmentationOf, readHostMemory } from "./host-memory.ts";

const MB = 1e6;

describe("fragmentation", () => {
	const of = (used: number, free: number, anonymous: number, heap = 10) =>
		fragmentationOf(
			{
				usedBytes: used * MB,
				freeBytes: free * MB,
				anonymousBytes: anonymous * MB,
			},
			heap * MB,
		);

	test("is the share that lies free of what is resident", () => {
		assert.equal(of(60, 20, 100), 0.25);
		assert.equal(of(80, 0, 100), 0);
	});

	test("does not count what was given back to the system", () => {
		// 200 MB in the lists, of which 20 can be resident at most.
		assert.equal(of(60, 200, 90), 0.25);
		assert.equal(of(60, 200, 70), 0);
		// Allocated, and never written to.
		assert.equal(of(500, 20, 90), 0);
	});

	test("is none of nothing", () => {
		assert.equal(of(0, 0, 0, 0), 0);
	});
});

test("a process that frees every other of many pieces is fragmented by what it freed, and not once it was given back", {
	skip: (await readHostMemory()) === null ? "no mallinfo2 here" : false,
}, () => {
	// In a process of its own: others allocate, too.
	const script = `
		import koffi from "koffi";
		import { fragmentationOf, readHostMemory } from ${JSON.stringify(fileURLToPath(new URL("host-memory.ts", import.meta.url)))};
		const libc = koffi.load("libc.so.6");
		const malloc = libc.func("malloc", "void *", ["size_t"]);
		const memset = libc.func("memset", "void *", ["void *", "int", "size_t"]);
		const free = libc.func("free", "void", ["void *"]);
		const trim = libc.func("malloc_trim", "int", ["size_t"]);
		const look = async () => fragmentationOf(await readHostMemory(), process.memoryUsage().heapTotal);
		const shares = [];
		const pieces = [];
		// Each larger than a page, none so large that it is mapped by itself.
		for (let i = 0; i < 4096; i++) {
			const piece = malloc(32_000);
			memset(piece, 1, 32_000);
			pieces.push(piece);
		}
		shares.push(await look());
		for (let i = 0; i < pieces.length; i += 2) free(pieces[i]);
		shares.push(await look());
		trim(0);
		shares.push(await look());
		console.log(JSON.stringify(shares));
	`;
	const { stdout, stderr } = spawnSync(
		process.execPath,
		["--conditions=source", "--input-type=module", "--eval", script],
		{
			encoding: "utf8",
			cwd: fileURLToPath(new URL("../../", import.meta.url)),
			timeout: 60_000,
		},
	);
	const [full, holes, trimmed] = JSON.parse(stdout || assert.fail(stderr)) as [
		number,
		number,
		number,
	];
	// Half of 131 MB, of which some is the process' own.
	assert.ok(holes > 0.35 && holes < 0.55, `${full} ${holes} ${trimmed}`);
	assert.ok(full < holes - 0.2, `${full} ${holes} ${trimmed}`);
	assert.ok(trimmed < holes - 0.2, `${full} ${holes} ${trimmed}`);
});
