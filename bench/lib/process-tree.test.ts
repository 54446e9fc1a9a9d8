import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import {
	isAlive,
	membersOf,
	processTree,
	proportionalMb,
	signalAll,
	totalResidentMb,
} from "./process-tree.ts";

test("children, their children and orphans of the session belong to a server; its neighbours do not", () => {
	const processes = [
		{ pid: 9, parent: 8, session: 9 },
		{ pid: 8, parent: 5, session: 5 },
		{ pid: 6, parent: 1, session: 5 },
		{ pid: 7, parent: 1, session: 1 },
		{ pid: 5, parent: 2, session: 5 },
	];
	assert.deepEqual(
		membersOf(5, processes).sort((a, b) => a - b),
		[5, 6, 8, 9],
	);
});

test("a real server's processes are found, weighed and ended", {
	timeout: 30_000,
}, async () => {
	const child = spawn("bash", ["-c", "(sleep 300 & wait) & echo up; wait"], {
		detached: true,
		stdio: ["ignore", "pipe", "ignore"],
	});
	const exit = once(child, "exit");
	await once(child.stdout, "data");
	let pids: number[] = [];
	while (pids.length < 3) {
		pids = processTree(child.pid ?? 0);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
	assert.equal(pids[0], child.pid);
	assert.ok(proportionalMb(pids) > 0);
	assert.ok(totalResidentMb(pids) >= proportionalMb(pids));
	signalAll(pids, "SIGKILL");
	await exit;
	while (pids.some(isAlive))
		await new Promise((resolve) => setTimeout(resolve, 5));
});
