// Starts `server.ts`, and ends exactly that process.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Variant } from "./variants.ts";

const script = fileURLToPath(new URL("server.ts", import.meta.url));
/** A measurement takes seconds; a server that is left over is ended. */
const LONGEST_LIFE_MS = 120_000;

export interface WireServer {
	readonly pid: number;
	readonly port: number;
	stop(): Promise<void>;
}

/** Where a CPU profile is written when the server ends. */
export interface ProfileTarget {
	readonly directory: string;
	readonly name: string;
}

export async function startWireServer(
	variant: Variant,
	profile: ProfileTarget | null,
): Promise<WireServer> {
	const profiling =
		profile === null
			? []
			: [
					"--cpu-prof",
					`--cpu-prof-dir=${profile.directory}`,
					`--cpu-prof-name=${profile.name}.cpuprofile`,
				];
	const child = spawn(
		process.execPath,
		[...profiling, "-C", "source", script, variant],
		{ stdio: ["pipe", "pipe", "inherit"], timeout: LONGEST_LIFE_MS },
	);
	const exit = once(child, "exit");
	const port = await Promise.race([
		once(child.stdout, "data").then(([text]) => Number(text)),
		exit.then(([code]) => {
			throw new Error(`the ${variant} server ended with ${code}`);
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
