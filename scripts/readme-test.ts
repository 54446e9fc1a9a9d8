// Runs the README as a new user would: every fenced block whose info string says so, in order, in one shell
// each, from the project's root.
//
//   ```sh run          must exit 0
//   ```sh server       started in the background; the next block waits until it is ready; SIGTERM at the end must exit 0
//   ```ts run          run by Node against the installed workspace
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const READY_URL = "http://127.0.0.1:8000/v2/health/ready";
const READY_WITHIN_MS = 120_000;
const BLOCK_WITHIN_MS = 120_000;

interface Block {
	readonly language: string;
	readonly mode: string;
	readonly text: string;
}

function blocks(markdown: string): Block[] {
	const found: Block[] = [];
	for (const match of markdown.matchAll(
		/^```(\w+) (run|server)\n(.*?)^```$/gms,
	)) {
		found.push({
			language: match[1] ?? "",
			mode: match[2] ?? "",
			text: match[3] ?? "",
		});
	}
	return found;
}

function exited(child: ChildProcess): Promise<number> {
	return new Promise((resolve) =>
		child.once("exit", (code) => resolve(code ?? 1)),
	);
}

async function waitUntilReady(server: ChildProcess): Promise<void> {
	const giveUp = AbortSignal.timeout(READY_WITHIN_MS);
	while (!giveUp.aborted && server.exitCode === null) {
		const ready = await fetch(READY_URL).then(
			(answer) => answer.ok,
			() => false,
		);
		if (ready) return;
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	throw new Error(`the server was not ready within ${READY_WITHIN_MS} ms`);
}

async function run(block: Block, scratch: string): Promise<void> {
	console.log(`\n--- ${block.language}\n${block.text}`);
	let command = ["bash", "-euo", "pipefail", "-c", block.text];
	if (block.language === "ts") {
		const file = join(scratch, "example.ts");
		writeFileSync(file, block.text);
		command = [process.execPath, "-C", "source", file];
	}
	const child = spawn(command[0] ?? "", command.slice(1), {
		cwd: root,
		stdio: "inherit",
		timeout: BLOCK_WITHIN_MS,
	});
	const code = await exited(child);
	if (code !== 0) throw new Error(`exit ${code}:\n${block.text}`);
}

const scratch = mkdtempSync(join(root, "node_modules", ".readme-"));
let server: ChildProcess | null = null;
let ran = 0;
try {
	for (const block of blocks(readFileSync(join(root, "README.md"), "utf8"))) {
		if (block.mode === "server") {
			// A group of its own: npm, its shell and the server are signalled together, as a terminal does it.
			server = spawn("bash", ["-c", block.text], {
				cwd: root,
				stdio: "inherit",
				detached: true,
			});
			await waitUntilReady(server);
		} else {
			await run(block, scratch);
		}
		ran++;
	}
	if (server?.pid !== undefined) {
		const ended = exited(server);
		process.kill(-server.pid, "SIGTERM");
		const code = await ended;
		if (code !== 0) throw new Error(`the server ended with ${code}`);
	}
	if (ran === 0) throw new Error("README.md has no block to run");
	console.log(`${ran} blocks of README.md ran as written.`);
} catch (error) {
	if (server?.pid !== undefined && server.exitCode === null)
		process.kill(-server.pid, "SIGKILL");
	console.error(`README: ${error instanceof Error ? error.message : error}`);
	process.exitCode = 1;
} finally {
	rmSync(scratch, { recursive: true, force: true });
}
