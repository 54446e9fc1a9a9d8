// Only monotonic clocks schedule: a wall clock that steps by an hour under load changes nothing.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { addFakeModel } from "../support/fake-model.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { until } from "../support/until.ts";
import { type Serving, serve } from "./support/command.ts";

const preload = join(import.meta.dirname, "support", "stepping-date.ts");
/** Far more than a run takes, and far less than the clock steps. */
const DEADLINE_MS = 20_000;
const CLIENTS = 8;

async function infer({ http }: Serving): Promise<number> {
	const inputs = [
		{ name: "INPUT0", datatype: "FP32", shape: [1, 1], data: [1] },
	];
	const answer = await fetch(`http://${http}/v2/models/slow/infer`, {
		method: "POST",
		headers: { "saccade-deadline-ms": String(DEADLINE_MS) },
		body: JSON.stringify({ inputs }),
	});
	await answer.arrayBuffer();
	return answer.status;
}

test("a wall clock that steps by an hour, ahead and back, under load changes nothing", {
	timeout: 60_000,
}, async (t) => {
	const repository = makeModelRepository(t);
	addFakeModel(repository, "slow", {
		curveMs: { 1: 5, 8: 10 },
		config: "dynamic_batching { }",
	});
	const serving = await serve(t, [`--model-repository=${repository}`], {
		env: { NODE_OPTIONS: `--import=${pathToFileURL(preload).href}` },
	});
	const statuses: number[] = [];
	let isOver = false;
	const clients = Array.from({ length: CLIENTS }, async () => {
		while (!isOver) statuses.push(await infer(serving));
	});
	for (const [step, shift] of [3_600_000, -3_600_000, 0].entries()) {
		await until(
			"some were answered",
			async () => statuses.length > 50 * (step + 1),
		);
		serving.process.kill("SIGUSR2");
		await until("the clock was stepped", async () =>
			serving.errors().includes(`stepped to ${shift} ms`),
		);
		const before = statuses.length;
		await until(
			"others were answered after it",
			async () => statuses.length > before + 50,
		);
	}
	isOver = true;
	await Promise.all(clients);
	assert.deepEqual([...new Set(statuses)], [200]);
	const page = await (await fetch(`http://${serving.metrics}/metrics`)).text();
	const seconds =
		/saccade_stage_duration_seconds_sum\{model="slow",version="1",stage="run"\} (\S+)/.exec(
			page,
		)?.[1];
	assert.ok(
		Number(seconds) > 0 && Number(seconds) < 60,
		`runs took ${seconds} s`,
	);
});
