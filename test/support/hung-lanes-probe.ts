// A server of its own whose every lane is held by long runs, asked for what needs the same process: a file, gzip and
// its health. Prints the times as JSON. A process, because libuv's pool has the size it was born with.
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { startProbeServer } from "./probe-server.ts";

export interface HungLanesReport {
	/** Answers of the slow model by the end of the probes: the lanes were held by real runs. */
	readonly slowAnswers: number;
	/** In ms, in order. */
	readonly file: readonly number[];
	readonly gzip: readonly number[];
	readonly health: readonly number[];
}

const PROBES = 25;

/** @param requestCount kept in flight: well over the lanes, so that a lane which comes free is taken at once */
async function main(repository: string, requestCount: number): Promise<void> {
	const { server, base } = await startProbeServer(repository);
	const report = await probe(base, requestCount);
	await server.close();
	process.stdout.write(JSON.stringify(report));
}

async function probe(
	base: string,
	requestCount: number,
): Promise<HungLanesReport> {
	let isOver = false;
	let slowAnswers = 0;
	const clients = Array.from({ length: requestCount }, async () => {
		while (!isOver) {
			await inferSlow(base);
			slowAnswers++;
		}
	});
	// The queue is served in order: when this is answered, every lane has been taken, and taken again.
	await inferSlow(base);
	const report = {
		file: await times(() => readFile(import.meta.filename)),
		gzip: await times(() => promisify(gzip)(Buffer.alloc(10_000))),
		health: await times(async () => {
			const answer = await fetch(`${base}/health/ready`);
			if (!answer.ok) throw new Error(`not ready: ${answer.status}`);
		}),
	};
	isOver = true;
	await Promise.all(clients);
	return { slowAnswers, ...report };
}

async function inferSlow(base: string): Promise<void> {
	const data = new Array<number>(512).fill(0.5);
	const answer = await fetch(`${base}/models/slow/infer`, {
		method: "POST",
		body: JSON.stringify({
			inputs: [{ name: "input", datatype: "FP32", shape: [1, 512], data }],
		}),
	});
	if (!answer.ok) throw new Error(await answer.text());
	await answer.arrayBuffer();
}

async function times(action: () => Promise<unknown>): Promise<number[]> {
	const ms: number[] = [];
	for (let i = 0; i < PROBES; i++) {
		const startMs = performance.now();
		await action();
		ms.push(performance.now() - startMs);
	}
	return ms;
}

const [repository = "", requestCount = "0"] = process.argv.slice(2);
await main(repository, Number(requestCount));
