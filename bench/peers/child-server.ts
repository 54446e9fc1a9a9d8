// A peer as a process of its own, the leader of its session: whatever processes it makes are found and ended with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, processTree, signalAll } from "../lib/process-tree.ts";
import { untilReady } from "../lib/server-process.ts";
import type { PeerServer } from "./peer.ts";

export interface ChildCommand {
	readonly program: string;
	readonly args: readonly string[];
	readonly env: Readonly<Record<string, string>>;
	/** Where a GET is answered with 200 as soon as requests are. */
	readonly ready: { readonly port: number; readonly path: string };
	/** That requests go to. */
	readonly port: number;
	/** Its working folder; it is removed with it. */
	readonly home: string;
}

const STOP_WITHIN_MS = 5000;
const POLL_MS = 20;

export function makeHome(): string {
	return mkdtempSync(join(tmpdir(), "saccade-peer-"));
}

/** Throws the end of what the process wrote to its standard error when it is not ready in time. */
export async function startChild(command: ChildCommand): Promise<PeerServer> {
	const startedMs = performance.now();
	const child = spawn(command.program, command.args, {
		cwd: command.home,
		detached: true,
		stdio: ["ignore", "ignore", "pipe"],
		env: { ...process.env, ...command.env },
	});
	const exit = once(child, "exit");
	const root = child.pid ?? 0;
	let errors = "";
	child.stderr.on("data", (text: Buffer) => {
		errors = (errors + text.toString()).slice(-2000);
	});
	const stop = async () => {
		await endTree(root);
		await exit;
		child.stderr.destroy();
		rmSync(command.home, { recursive: true, force: true });
	};
	try {
		await untilReady(child, command.ready.port, command.ready.path);
	} catch (error) {
		await stop();
		throw new Error(`${(error as Error).message}\n${errors}`);
	}
	const readyMs = performance.now() - startedMs;
	return { port: command.port, readyMs, pids: () => processTree(root), stop };
}

/** Asks the first process to end, and ends all that is left of them. */
async function endTree(root: number): Promise<void> {
	const pids = processTree(root);
	signalAll(pids, "SIGCONT");
	signalAll([root], "SIGTERM");
	await untilEnded(pids, STOP_WITHIN_MS);
	signalAll(pids.filter(isAlive), "SIGKILL");
	await untilEnded(pids, STOP_WITHIN_MS);
}

/** They are not all children of this process, so nothing tells when they end. */
async function untilEnded(
	pids: readonly number[],
	withinMs: number,
): Promise<void> {
	const giveUp = performance.now() + withinMs;
	while (pids.some(isAlive) && performance.now() < giveUp)
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
