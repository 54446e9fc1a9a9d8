// The cache of prepared models where processes meet: disks that are full or forbidden, servers beside each other, and a
// model that is loaded and unloaded all day.
import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
	chmodSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	utimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { describe, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import {
	proportionalBytes,
	proportionalBytesOf,
} from "../../bench/claims/prepared/memory.ts";
import { writeDenseModel } from "../../packages/server/src/runtime/onnx/prepared/testing/dense-model.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import type { ProbeAnswer, ProbeRequest } from "../support/prepared-probe.ts";
import { until } from "../support/until.ts";

const PROBE = join(import.meta.dirname, "../support/prepared-probe.ts");
const NODE = [process.execPath, "--expose-gc", "-C", "source", PROBE] as const;
const NOBODY = 65_534;
const isLinux = process.platform === "linux";
const timeout = 120_000;
const execute = promisify(execFile);

function setUp(t: TestContext) {
	const root = mkdtempSync(join(tmpdir(), "saccade-prepared-"));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	chmodSync(root, 0o755);
	const path = join(root, "model.onnx");
	writeDenseModel(path);
	const then = new Date(Date.now() - 60_000);
	utimesSync(path, then, then);
	const cache = join(root, "cache");
	mkdirSync(cache, { mode: 0o700 });
	return { path, cache, ask: { kind: "ask", path, cache } as const };
}

/** @param by a command that runs the one behind it */
async function probe(
	request: ProbeRequest,
	by: readonly string[] = [],
	options: { readonly uid?: number; readonly gid?: number } = {},
): Promise<ProbeAnswer> {
	const [file = "", ...args] = [...by, ...NODE, JSON.stringify(request)];
	const { stdout } = await execute(file, args, { ...options, timeout });
	return JSON.parse(stdout) as ProbeAnswer;
}

/** As it is without a cache. */
async function plainAnswer(t: TestContext): Promise<readonly number[]> {
	const { ask } = setUp(t);
	return (await probe({ ...ask, cache: "/dev/null/none" })).answer;
}

const canMount = isLinux && spawnSync("unshare", ["-rm", "true"]).status === 0;

describe("the cache of prepared models", { timeout }, () => {
	test("a full disk: the model is loaded as it is, nothing is left half-written, and the log says why", {
		skip: !canMount && "no user namespaces here",
	}, async (t) => {
		const { cache, ask } = setUp(t);
		const full = ["unshare", "-rm", "sh", "-c"];
		// The namespace's file system goes with it: what is left is looked at inside.
		const script = `mount -t tmpfs -o size=1m,mode=700 tmpfs '${cache}' && "$@" && find '${cache}' -type f >&2`;
		const [file = "", ...args] = [
			...[...full, script, "sh"],
			...[...NODE, JSON.stringify(ask)],
		];
		const { stdout, stderr } = await execute(file, args, { timeout });
		const told = JSON.parse(stdout) as ProbeAnswer;
		assert.deepEqual(told.answer, await plainAnswer(t));
		assert.match(told.warnings.join(), /not loaded from the cache/);
		assert.deepEqual(stderr.trim().split("\n"), [join(cache, "lock")]);
	});

	test("a file may not grow: the model is loaded as it is, and the log says why", {
		skip: !isLinux && "Linux alone has this limit in this form",
	}, async (t) => {
		const { cache, ask } = setUp(t);
		const limited = ["sh", "-c", 'ulimit -f 512 && exec "$@"', "sh"];
		const told = await probe(ask, limited);
		assert.deepEqual(told.phases, ["preparing", "loading"]);
		assert.deepEqual(told.answer, await plainAnswer(t));
		assert.match(told.warnings.join(), /cannot be optimised and written/);
		assert.deepEqual(readdirSync(join(cache, "entries")), []);
		assert.deepEqual((await probe(ask)).warnings, []);
	});

	test("the process that prepares is killed on its way: the model is loaded as it is, and the next server prepares it and clears up", {
		skip: !isLinux && "its children are found in proc",
	}, async (t) => {
		const { cache, ask } = setUp(t);
		const [file, ...args] = [...NODE, JSON.stringify(ask)];
		const child = spawn(file ?? "", args, {
			stdio: ["ignore", "pipe", "inherit"],
		});
		t.after(() => child.kill("SIGKILL"));
		const output = text(child.stdout);
		const begun = () => {
			try {
				return readdirSync(join(cache, "new")).length > 0;
			} catch {
				return false;
			}
		};
		await until("a model is being prepared", begun);
		const children = `/proc/${child.pid}/task/${child.pid}/children`;
		for (const pid of readFileSync(children, "utf8").trim().split(" "))
			process.kill(Number(pid), "SIGKILL");
		const told = JSON.parse(await output) as ProbeAnswer;
		assert.deepEqual(told.answer, await plainAnswer(t));
		assert.match(told.warnings.join(), /ended with SIGKILL/);
		assert.deepEqual(readdirSync(join(cache, "entries")), []);
		assert.ok(begun(), "what it wrote is still there");
		assert.deepEqual((await probe(ask)).warnings, []);
		assert.ok(!begun());
		assert.equal(readdirSync(join(cache, "entries")).length, 1);
	});

	test("permission lost: the model is loaded as it is, and the log says why", async (t) => {
		const { cache, ask } = setUp(t);
		await probe(ask);
		const isRoot = process.getuid?.() === 0;
		if (!isRoot) chmodSync(cache, 0o000);
		const other = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
		const told = await probe(ask, [], other);
		chmodSync(cache, 0o700);
		assert.match(told.warnings.join(), /not loaded from the cache.*EACCES/);
		assert.deepEqual(told.answer, await plainAnswer(t));
	});

	test("processes beside each other hold the weights once", {
		skip: !isLinux && "smaps is Linux's",
	}, async (t) => {
		const { cache, path, ask } = setUp(t);
		await probe(ask);
		const request: ProbeRequest = { kind: "hold", path, cache };
		const [file, ...args] = [...NODE, JSON.stringify(request)];
		const children = Array.from({ length: 3 }, () =>
			spawn(file ?? "", args, { stdio: ["pipe", "pipe", "inherit"] }),
		);
		t.after(() => {
			for (const child of children) child.kill("SIGKILL");
		});
		await Promise.all(
			children.map(({ stdout }) => once(createInterface(stdout), "line")),
		);
		const tensors = join(cache, "tensors");
		const held = children.map(({ pid = 0 }) =>
			proportionalBytesOf(pid, tensors),
		);
		const bytes = 2 * 2 ** 20;
		const sum = held.reduce((a, b) => a + b, 0);
		t.diagnostic(`${held.join(" + ")} bytes for ${bytes}`);
		assert.ok(sum > 0.9 * bytes, "the weights are mapped");
		assert.ok(sum < 1.1 * bytes, "and shared");
		for (const one of held) assert.ok(one < 0.5 * bytes);
		for (const { pid = 0 } of children) assert.ok(proportionalBytes(pid) > 0);
		const ended = children.map((child) => once(child, "exit"));
		for (const { stdin } of children) stdin.end();
		await Promise.all(ended);
	});

	test("a load as it is takes little more memory than the model has weights, and leaves none behind", {
		skip: !isLinux && "proc is Linux's",
	}, async (t) => {
		const { cache } = setUp(t);
		const repository = makeModelRepository(t, "fc");
		const path = join(repository, "fc", "1", "model.onnx");
		const told = await probe({ kind: "plain", path, cache });
		const [before = 0, peak = 0, after = 0] = told.residentBytes;
		const { size } = statSync(path);
		t.diagnostic(`${peak - before} bytes for ${size}, ${after - before} left`);
		// With what reading and optimising had to free it would be 1.9 times.
		assert.ok(peak - before < 1.5 * size);
		// Of memory that is no file's. What code grew to that ran for the first time stays: some 30 MB, and with what the
		// allocator would keep 54.
		assert.ok(after - before < 0.45 * size);
	});

	test("200 loads and unloads leave resident memory where it was", {
		skip: !isLinux && "proc is Linux's",
	}, async (t) => {
		const { path, cache } = setUp(t);
		// V8's heap grows by a few megabytes once, some hundred loads later or earlier, whatever they are of.
		const counts = [400, 200, 200, 200];
		const told = await probe({ kind: "cycles", path, cache, counts });
		const looks = told.residentBytes;
		t.diagnostic(`${looks.join(", ")} bytes after 400, 600, … cycles`);
		const grown = looks.slice(1).map((after, at) => after / looks[at]!);
		assert.equal(grown.length, 3);
		// 200 copies of the model would be 400 MiB, each time.
		assert.ok(Math.min(...grown) <= 1.02, grown.join());
	});
});
