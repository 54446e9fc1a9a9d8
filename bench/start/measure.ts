// One round: a fresh server from dist/, started, left alone, and then with a long inference under way.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findFixture } from "../../scripts/fixtures/catalogue.ts";
import { writeFixture } from "../../scripts/fixtures/write-fixture.ts";
import { CpuMeter, residentMb } from "../lib/machine.ts";
import { histogramQuantile, scrape, seriesValue } from "../lib/scrape.ts";
import { type RunningServer, startServer } from "../lib/server-process.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** V8 looks at its heap once more, some 10 s after the collection that ends a start. */
const SETTLE_MS = 12_000;

export interface StartRound {
	/** From spawn to the first 200 of /v2/health/ready. */
	readonly readyMs: number;
	readonly residentMb: number;
	/** Of one core, 0 to 100. */
	readonly idleCpuPercent: number;
	readonly loopDelayP99Ms: number;
	/** Mean run of the model that ran meanwhile. */
	readonly inferenceMs: number;
}

export async function measureRound(
	idleSeconds: number,
	busySeconds: number,
): Promise<StartRound> {
	const repository = mkdtempSync(join(tmpdir(), "saccade-bench-"));
	try {
		addSmallModel(repository);
		const idle = await measureIdle(repository, idleSeconds);
		rmSync(join(repository, "mlp"), { recursive: true });
		writeFixture(repository, findFixture("slow"));
		return { ...idle, ...(await measureBusy(repository, busySeconds)) };
	} finally {
		rmSync(repository, { recursive: true, force: true });
	}
}

function addSmallModel(repository: string): void {
	for (const file of ["config.pbtxt", "1/model.onnx"]) {
		const target = join(repository, "mlp", file);
		mkdirSync(dirname(target), { recursive: true });
		copyFileSync(join(root, "models/repository/mlp", file), target);
	}
}

async function measureIdle(
	repository: string,
	seconds: number,
): Promise<Pick<StartRound, "readyMs" | "residentMb" | "idleCpuPercent">> {
	const server = await startServer([repository], [], "built");
	try {
		await pause(SETTLE_MS);
		const cpu = new CpuMeter(server.pid);
		await pause(seconds * 1000);
		const { userUs, systemUs } = cpu.used();
		return {
			readyMs: server.readyMs,
			residentMb: residentMb(server.pid),
			idleCpuPercent: (userUs + systemUs) / (seconds * 1e4),
		};
	} finally {
		await server.stop();
	}
}

async function measureBusy(
	repository: string,
	seconds: number,
): Promise<Pick<StartRound, "loopDelayP99Ms" | "inferenceMs">> {
	const server = await startServer([repository], [], "built");
	try {
		await infer(server);
		// The delay is measured from one scrape to the next.
		const before = runs(await scrape(server.metricsPort));
		const endMs = performance.now() + seconds * 1000;
		while (performance.now() < endMs) await infer(server);
		const text = await scrape(server.metricsPort);
		const after = runs(text);
		return {
			loopDelayP99Ms:
				1000 *
				histogramQuantile(text, "saccade_event_loop_delay_seconds", 0.99),
			inferenceMs:
				(after.sumUs - before.sumUs) / (after.count - before.count) / 1000,
		};
	} finally {
		await server.stop();
	}
}

const WIDTH = 512;
const BODY = JSON.stringify({
	inputs: [
		{
			name: "input",
			datatype: "FP32",
			shape: [1, WIDTH],
			data: Array.from({ length: WIDTH }, (_, i) => i / WIDTH),
		},
	],
});

async function infer({ httpPort }: RunningServer): Promise<void> {
	const url = `http://127.0.0.1:${httpPort}/v2/models/slow/infer`;
	const answer = await fetch(url, { method: "POST", body: BODY });
	const text = await answer.text();
	if (!answer.ok) throw new Error(`inference failed: ${text}`);
}

function runs(text: string): { count: number; sumUs: number } {
	const labels = '{model="slow",version="1"}';
	return {
		count: seriesValue(text, `nv_inference_exec_count${labels}`),
		sumUs: seriesValue(text, `nv_inference_compute_infer_duration_us${labels}`),
	};
}
