// The chain for real: a drive through the server, Prometheus scraping it with the shipped configuration and rules,
// VictoriaMetrics scraping it too and taking what Prometheus hands on; and in both stores the numbers that the server has.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DASHBOARDS } from "../../scripts/dashboards/dashboards.ts";
import { type Serving, serve } from "../e2e/support/command.ts";
import type { MetricsPage } from "../support/metrics-page.ts";
import { until } from "../support/until.ts";
import {
	assertHeld,
	assertSettled,
	scrape,
	unchanged,
	type Values,
} from "./compare.ts";
import {
	SCRAPED_JOB,
	type Store,
	startPrometheus,
	startVictoriaMetrics,
} from "./stores.ts";
import { findTools } from "./tools.ts";
import { addModels, drive, REQUEST_COUNT } from "./traffic.ts";

const tools = findTools();
const skip = "skip" in tools ? tools.skip : false;
const LONG_MS = 300_000;

/** Dashboard panels that need what this machine may lack. */
const NEED = {
	"a GPU": /\bgpu_|nv_gpu_|saccade_gpu_/,
	"a device with memory of its own": /saccade_device_memory_/,
	"a model with shape buckets": /saccade_shape_bucket_/,
};

const cleaners: (() => void | Promise<void>)[] = [];
const world = {
	after: (clean: () => void | Promise<void>) => cleaners.unshift(clean),
};
let serving: Serving;
let prometheus: Store;
let victoria: Store;

before(
	async () => {
		if ("skip" in tools) return;
		const repository = mkdtempSync(join(tmpdir(), "saccade-chain-models-"));
		world.after(() => rmSync(repository, { recursive: true }));
		addModels(repository);
		serving = await serve(
			world,
			[
				`--model-repository=${repository}`,
				"--model-control-mode=explicit",
				"--load-model=*",
			],
			{ withinMs: LONG_MS },
		);
		victoria = await startVictoriaMetrics(world, tools, serving.metrics);
		prometheus = await startPrometheus(
			world,
			tools,
			serving.metrics,
			`${victoria.url}/api/v1/write`,
		);
		// Rates need a scrape from before.
		await until("it was scraped", async () =>
			(await prometheus.query("up")).some(({ value }) => value === 1),
		);
		await drive(serving, repository);
	},
	{ timeout: LONG_MS },
);

after(async () => {
	for (const clean of cleaners) await clean();
});

interface Rule {
	readonly name: string;
	readonly health: string;
	readonly lastError?: string;
}

async function rulesOf(store: Store): Promise<readonly Rule[]> {
	const { data } = (await store.get("/api/v1/rules")) as {
		readonly data: {
			readonly groups: readonly { readonly rules: readonly Rule[] }[];
		};
	};
	return data.groups.flatMap(({ rules }) => rules);
}

interface Alerts {
	readonly data: {
		readonly alerts: readonly {
			readonly state: string;
			readonly labels: Readonly<Record<string, string>>;
		}[];
	};
}

/** Series that did not change between two looks, around which every store has looked as well. */
async function settled(): Promise<{
	readonly series: Values;
	readonly page: MetricsPage;
}> {
	const before = await scrape(serving);
	const sinceS = Date.now() / 1000;
	for (const [store, job] of [
		[prometheus, "saccade"],
		[victoria, "saccade"],
		[victoria, SCRAPED_JOB],
	] as const)
		await until(`${store.url} has scraped ${job}`, async () => {
			const [last] = await store.query(`max(timestamp(up{job="${job}"}))`);
			return (last?.value ?? 0) > sinceS + 1;
		});
	await until("every rule was evaluated", async () =>
		(await rulesOf(prometheus)).every(({ health }) => health !== "unknown"),
	);
	const page = await scrape(serving);
	return { series: unchanged(before, page), page };
}

describe("metrics in their stores", { skip, timeout: LONG_MS }, () => {
	test("are those of the server, each of them", async () => {
		const { series, page } = await settled();
		assertSettled(series, page);
		assert.equal(
			page.value("nv_inference_request_success", { model: "echo" }),
			REQUEST_COUNT,
		);
		for (const [store, job] of [
			[prometheus, "saccade"],
			[victoria, "saccade"],
			[victoria, SCRAPED_JOB],
		] as const) {
			const stored = await store.query(
				`{job="${job}",__name__=~"(nv|saccade|llm|gpu)_.*"}`,
			);
			assertHeld(series, stored, store.url);
		}
	});

	test("add up there as they do in the server: every frame and request has one outcome", async () => {
		const { page } = await settled();
		for (const store of [prometheus, victoria]) {
			for (const label of ["source", "model"]) {
				const [sum] = await store.query(
					`sum(saccade_outcomes_total{job="saccade",${label}!=""})`,
				);
				const own = page.samples
					.filter(
						({ name, labels }) =>
							name === "saccade_outcomes_total" && label in labels,
					)
					.reduce((total, { value }) => total + value, 0);
				assert.ok(own > 0);
				assert.equal(sum?.value, own, label);
			}
		}
	});

	test("answer every query of the dashboards", async (t) => {
		const left: string[] = [];
		for (const { title, rows } of DASHBOARDS)
			for (const panel of rows.flatMap(({ panels }) => panels))
				for (const { expr } of panel.queries) {
					const asked = expr
						.replaceAll("$__rate_interval", "5m")
						.replaceAll(/\$(source|model)/g, ".*");
					const need = Object.entries(NEED).find(([, needed]) =>
						needed.test(expr),
					);
					const samples = await prometheus.query(asked);
					const isAnswered = samples.some(({ value }) =>
						Number.isFinite(value),
					);
					if (!isAnswered && need !== undefined) {
						left.push(`${panel.title}: needs ${need[0]}`);
						continue;
					}
					assert.ok(isAnswered, `${title} / ${panel.title}: ${asked}`);
				}
		t.diagnostic(`without data here: ${[...new Set(left)].join("; ")}`);
	});

	test("answer them in VictoriaMetrics, too", async () => {
		for (const { title, rows } of DASHBOARDS)
			for (const panel of rows.flatMap(({ panels }) => panels))
				for (const { expr } of panel.queries) {
					if (Object.values(NEED).some((needed) => needed.test(expr))) continue;
					const asked = expr
						.replaceAll("$__rate_interval", "5m")
						.replaceAll(/\$(source|model)/g, ".*");
					const samples = await victoria.query(asked);
					assert.ok(
						samples.some(({ value }) => Number.isFinite(value)),
						`${title} / ${panel.title}: ${asked}`,
					);
				}
	});

	test("raise the alarm for a load that failed, and evaluate every rule", async () => {
		await until("the alert fires", async () => {
			const { data } = (await prometheus.get("/api/v1/alerts")) as Alerts;
			return data.alerts.some(
				({ state, labels }) =>
					state === "firing" &&
					labels["alertname"] === "SaccadeSwapFailed" &&
					labels["model"] === "echo",
			);
		});
		const rules = await rulesOf(prometheus);
		assert.ok(rules.length > 15);
		for (const { name, health, lastError } of rules)
			assert.equal(health, "ok", `${name}: ${lastError}`);
	});
});
