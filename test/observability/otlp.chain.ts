// The same numbers by the other way: pushed over OTLP to Prometheus 3, which takes it directly.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { serve } from "../e2e/support/command.ts";
import { until } from "../support/until.ts";
import { assertHeld, assertSettled, scrape, unchanged } from "./compare.ts";
import { findPrometheus3 } from "./prometheus3.ts";
import { startPrometheus3 } from "./stores.ts";
import { addModels, drive, REQUEST_COUNT } from "./traffic.ts";

const LONG_MS = 300_000;

const prometheus3 = findPrometheus3();

describe("metrics that are pushed over OTLP", {
	skip:
		prometheus3 === null
			? "Prometheus 3 is not built: npm run build:prometheus3"
			: false,
	timeout: LONG_MS,
}, () => {
	test("are those of the server, each of them, under the names that it scrapes as", async (t) => {
		assert.ok(prometheus3 !== null);
		const repository = mkdtempSync(join(tmpdir(), "saccade-otlp-models-"));
		t.after(() => rmSync(repository, { recursive: true }));
		addModels(repository);
		const store = await startPrometheus3(t, prometheus3);
		const serving = await serve(
			t,
			[
				`--model-repository=${repository}`,
				"--model-control-mode=explicit",
				"--load-model=*",
				`--otlp-endpoint=${store.url}/api/v1/otlp`,
			],
			{
				withinMs: LONG_MS,
				env: {
					OTEL_TRACES_EXPORTER: "none",
					OTEL_LOGS_EXPORTER: "none",
					OTEL_METRIC_EXPORT_INTERVAL: "1000",
				},
			},
		);
		await drive(serving, repository);
		const before = await scrape(serving);
		const sinceS = Date.now() / 1000;
		const NEWEST = 'max(timestamp(saccade_outcomes_total{job="saccade"}))';
		await until("it was pushed twice since", async () => {
			const [last] = await store.query(NEWEST);
			return (last?.value ?? 0) > sinceS + 2;
		});
		const page = await scrape(serving);
		const series = unchanged(before, page);
		assertSettled(series, page);
		assert.equal(
			page.value("nv_inference_request_success", { model: "echo" }),
			REQUEST_COUNT,
		);
		const pushed = await store.query(
			'{job="saccade",__name__=~"(nv|saccade|llm|gpu)_.*"}',
		);
		// What the export says of itself differs from look to look.
		const own = [...series].filter(
			([key]) => !key.includes("saccade_telemetry_"),
		);
		assertHeld(new Map(own), pushed, store.url);
	});
});
