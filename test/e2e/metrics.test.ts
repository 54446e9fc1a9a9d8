// Metrics as a scraper sees them: complete, true, well-formed and bounded.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { INSTRUMENTS } from "../../packages/server/src/telemetry/instruments.ts";
import { addFakeModel } from "../support/fake-model.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { type Serving, serve } from "./support/command.ts";

async function scrape({ metrics }: Serving): Promise<string> {
	const answer = await fetch(`http://${metrics}/metrics`);
	assert.equal(answer.status, 200);
	return answer.text();
}

function value(page: string, series: string): number {
	const line = page.split("\n").find((each) => each.startsWith(`${series} `));
	return Number(line?.slice(series.length + 1) ?? assert.fail(series));
}

function infer(
	{ http }: Serving,
	rows: number,
	path = "models/echo",
	headers: Record<string, string> = {},
	datatype = "FP32",
): Promise<Response> {
	const data = Array.from({ length: rows }, (_, row) => row);
	const inputs = [{ name: "INPUT0", datatype, shape: [rows, 1], data }];
	return fetch(`http://${http}/v2/${path}/infer`, {
		method: "POST",
		headers,
		body: JSON.stringify({ inputs }),
	});
}

const ECHO = '{model="echo",version="1"}';
const of = (label: string) => `{model="echo",version="1",${label}}`;

function echoRepository(t: Parameters<typeof makeModelRepository>[0]): string {
	const repository = makeModelRepository(t);
	addFakeModel(repository, "echo");
	return `--model-repository=${repository}`;
}

/** `promtool check metrics`; null where it is not installed. */
async function promtool(page: string): Promise<string | null> {
	const child = spawn("promtool", ["check", "metrics"]);
	const failed = once(child, "error").then(() => null);
	child.stdin.on("error", () => {}).end(page);
	const output = Promise.all([text(child.stdout), text(child.stderr)]);
	return Promise.race([failed, output.then((parts) => parts.join(""))]);
}

/** Of models that have shape buckets. */
const OF_BUCKETS = /^saccade_shape_bucket/;
/** Of devices that have memory of their own. */
const OF_ACCELERATORS =
	/^(nv_gpu_|nv_energy_|gpu_memory_|saccade_gpu_|saccade_device_memory_)/;

/** Of a server that sends telemetry somewhere or has a budget of model memory, and of generative models. */
const OF_OTHERS = /^(saccade_telemetry_|saccade_model_memory_|llm_)/;

describe("the metrics page", () => {
	test("has every instrument of the table, from the first scrape on", async (t) => {
		const serving = await serve(t, [echoRepository(t)]);
		await scrape(serving);
		const page = await scrape(serving);
		for (const { name, kind, labels } of Object.values(INSTRUMENTS)) {
			if (OF_ACCELERATORS.test(name) || OF_BUCKETS.test(name)) continue;
			if (OF_OTHERS.test(name)) continue;
			assert.match(page, new RegExp(`^# TYPE ${name} ${kind}$`, "m"));
			const suffix = kind === "histogram" ? "_bucket" : "";
			const series = new RegExp(`^${name}${suffix}(?:\\{(.*)\\})? `, "gm");
			const found = [...page.matchAll(series)].map(([, text = ""]) =>
				[...text.matchAll(/(\w+)="/g)]
					.map(([, label]) => label)
					.filter((label) => label !== "le")
					.join(),
			);
			assert.ok(found.includes(labels.join()), `${name}{${labels}}`);
		}
	});

	test("counts exactly what was sent, by outcome and by stage", async (t) => {
		const serving = await serve(t, [echoRepository(t)]);
		for (const rows of [1, 2, 3])
			assert.equal((await infer(serving, rows)).status, 200);
		assert.equal((await infer(serving, 1, undefined, {}, "INT8")).status, 400);
		const late = { "saccade-deadline-ms": "0.000001" };
		assert.equal((await infer(serving, 1, undefined, late)).status, 504);
		const page = await scrape(serving);
		const expected: Readonly<Record<string, number>> = {
			[`nv_inference_request_success${ECHO}`]: 3,
			[`nv_inference_count${ECHO}`]: 6,
			[`nv_inference_exec_count${ECHO}`]: 3,
			[`nv_inference_pending_request_count${ECHO}`]: 0,
			[`saccade_outcomes_total${of('outcome="RESULT"')}`]: 3,
			[`saccade_outcomes_total${of('outcome="INVALID"')}`]: 1,
			[`saccade_outcomes_total${of('outcome="EXPIRED"')}`]: 1,
			[`nv_inference_request_failure${of('reason="OTHER"')}`]: 1,
			[`nv_inference_request_failure${of('reason="REJECTED"')}`]: 1,
			[`saccade_batch_size_sum${ECHO}`]: 6,
			[`saccade_batch_size_count${ECHO}`]: 3,
			[`saccade_stage_duration_seconds_count${of('stage="run"')}`]: 3,
			[`saccade_stage_duration_seconds_count${of('stage="queue"')}`]: 5,
		};
		for (const [series, count] of Object.entries(expected))
			assert.equal(value(page, series), count, series);
		for (const stage of ["input", "infer", "output"])
			value(page, `nv_inference_compute_${stage}_duration_us${ECHO}`);
		assert.ok(value(page, `nv_inference_request_duration_us${ECHO}`) > 0);
	});

	test("takes no label from what clients send", async (t) => {
		const serving = await serve(t, [echoRepository(t)]);
		const before = (await scrape(serving)).split("\n").length;
		for (let i = 0; i < 50; i++) {
			await infer(serving, 1, `models/invented_${i}`);
			await infer(serving, 1, `models/echo/versions/${100 + i}`);
			await infer(serving, 1, "models/echo", { "x-client": `c${i}` });
		}
		const page = await scrape(serving);
		assert.doesNotMatch(page, /invented|version="1\d\d"/);
		assert.equal(page.split("\n").length, before);
	});

	test("is in the form that Prometheus wants", async (t) => {
		const serving = await serve(t, [echoRepository(t)]);
		await infer(serving, 1);
		await scrape(serving);
		const page = await scrape(serving);
		for (const line of page.trimEnd().split("\n"))
			assert.match(
				line,
				/^(# (HELP|TYPE) \S+ .+|[a-z_]+(\{(\w+="[^"]*",?)+\})? [\d.e+-]+)$/,
			);
		const told = await promtool(page);
		if (told === null)
			t.diagnostic("SKIPPED in part: promtool is not installed");
		// Its only complaints may be about names, which are Triton's.
		const complaints = (told ?? "").split("\n").filter((line) => line !== "");
		for (const line of complaints) assert.match(line, /^nv_/);
	});
});
