// Starts `server.ts`, and ends exactly that process.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ExchangeBytes } from "../../load/process.ts";

const script = fileURLToPath(new URL("server.ts", import.meta.url));

export interface EchoServer {
	readonly pid: number;
	readonly port: number;
	stop(): Promise<void>;
}

export async function startEcho(exchange: ExchangeBytes): Promise<EchoServer> {
	const child = spawn(
		process.execPath,
		[script, String(exchange.request), String(exchange.answer)],
		{ stdio: ["pipe", "pipe", "inherit"] },
	);
	const exit = once(child, "exit");
	const port = await Promise.race([
		once(child.stdout, "data").then(([text]) => Number(text)),
		exit.then(([code]) => {
			throw new Error(`the echo server ended with ${code}`);
		}),
	]);
	return {
		pid: child.pid ?? 0,
		port,
		stop: async () => {
			child.stdin.end();
			await exit;
		},
	};
}
