// Load from nghttp2's h2load: one body, one set of headers, as fast as a C client of one thread can. It checks HTTP
// statuses, not answers. https://nghttp2.org/documentation/h2load.1.html
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { CpuMeter, type CpuTime } from "../lib/machine.ts";
import type { LoadWindow } from "./measure.ts";

export const H2LOAD_MISSING =
	"h2load is not installed (Debian, Ubuntu: apt-get install nghttp2-client)";

export interface H2loadJob {
	readonly url: string;
	readonly connections: number;
	readonly streamsPerConnection: number;
	/** The gRPC message with its prefix. */
	readonly bodyFile: string;
	readonly warmupSeconds: number;
	readonly seconds: number;
}

export function hasH2load(): boolean {
	return spawnSync("h2load", ["--version"]).status === 0;
}

export async function measureH2load(
	serverPid: number,
	job: H2loadJob,
): Promise<LoadWindow> {
	const child = spawn(
		"h2load",
		[
			`--warm-up-time=${job.warmupSeconds}`,
			`--duration=${job.seconds}`,
			`--clients=${job.connections}`,
			`--max-concurrent-streams=${job.streamsPerConnection}`,
			"--threads=1",
			`--data=${job.bodyFile}`,
			"--header=content-type: application/grpc",
			"--header=te: trailers",
			job.url,
		],
		{ stdio: ["ignore", "pipe", "inherit"] },
	);
	const exit = once(child, "exit");
	const window = new Window(serverPid, child.pid ?? 0);
	let output = "";
	// It says so when its warm-up and its window are over.
	for await (const line of createInterface({ input: child.stdout })) {
		if (line.startsWith("Main benchmark duration is started")) window.start();
		if (line.startsWith("Main benchmark duration is over")) window.end();
		output += `${line}\n`;
	}
	await exit;
	return window.result(answeredOf(output));
}

/** Answers of the window. Throws what h2load said when a request failed. */
export function answeredOf(output: string): number {
	const counts =
		/ (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored/.exec(output);
	const [done = 0, succeeded = 0, failed, errored] =
		counts?.slice(1).map(Number) ?? [];
	if (done > 0 && succeeded === done && failed === 0 && errored === 0)
		return done;
	throw new Error(`h2load: not every request was answered\n${output}`);
}

class Window {
	readonly #serverPid: number;
	readonly #clientPid: number;
	#server: CpuMeter;
	#client: CpuMeter;
	#startMs = 0;
	#elapsedS = 0;
	#serverUsed: CpuTime = { userUs: 0, systemUs: 0 };
	#clientUsed: CpuTime = { userUs: 0, systemUs: 0 };

	constructor(serverPid: number, clientPid: number) {
		this.#serverPid = serverPid;
		this.#clientPid = clientPid;
		this.#server = new CpuMeter(serverPid);
		this.#client = new CpuMeter(clientPid);
	}

	start(): void {
		this.#server = new CpuMeter(this.#serverPid);
		this.#client = new CpuMeter(this.#clientPid);
		this.#startMs = performance.now();
	}

	end(): void {
		this.#serverUsed = this.#server.used();
		this.#clientUsed = this.#client.used();
		this.#elapsedS = (performance.now() - this.#startMs) / 1000;
	}

	result(answered: number): LoadWindow {
		const { userUs, systemUs } = this.#clientUsed;
		return {
			answered,
			perSecond: answered / this.#elapsedS,
			clientCores: (userUs + systemUs) / 1e6 / this.#elapsedS,
			serverCpuUs:
				(this.#serverUsed.userUs + this.#serverUsed.systemUs) / answered,
			serverSystemUs: this.#serverUsed.systemUs / answered,
		};
	}
}
