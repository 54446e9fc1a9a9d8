// Numbers of a server beside those of a store.
import assert from "node:assert/strict";
import type { Serving } from "../e2e/support/command.ts";
import {
	type MetricsPage,
	parseMetrics,
	type Sample,
	seriesKey,
} from "../support/metrics-page.ts";
import type { StoredSample } from "./stores.ts";

export type Values = ReadonlyMap<string, number>;

export async function scrape({ metrics }: Serving): Promise<MetricsPage> {
	const answer = await fetch(`http://${metrics}/metrics`);
	return parseMetrics(await answer.text());
}

/** Series that have the same value on both pages: whoever looked in between saw it. */
export function unchanged(before: MetricsPage, after: MetricsPage): Values {
	const then = valuesOf(before.samples);
	return new Map(
		[...valuesOf(after.samples)].filter(
			([key, value]) => then.get(key) === value,
		),
	);
}

/** What a drive counts does not change any more, and is not nothing. */
export function assertSettled(series: Values, page: MetricsPage): void {
	for (const name of [
		"nv_inference_request_success",
		"nv_inference_count",
		"saccade_outcomes_total",
		"saccade_batches_total",
		"saccade_frame_age_seconds_bucket",
		"saccade_stage_duration_seconds_sum",
		"saccade_dropped_frames_total",
	]) {
		const samples = page.samples.filter((one) => one.name === name);
		assert.ok(
			samples.some(({ value }) => value > 0),
			name,
		);
		for (const one of samples)
			assert.ok(series.has(seriesKey(one)), `${seriesKey(one)} changes`);
	}
}

/** Each of them is in the store, with its value. */
export function assertHeld(
	series: Values,
	stored: readonly StoredSample[],
	store: string,
): void {
	const values = valuesOf(stored.map(asServed));
	for (const [key, value] of series) {
		const there = values.get(key) ?? assert.fail(`${store} has no ${key}`);
		assert.ok(isClose(value, there), `${key}: ${value}, ${there} in ${store}`);
	}
	assert.ok(series.size > 500, `${series.size} series`);
}

function valuesOf(samples: readonly Sample[]): Values {
	return new Map(samples.map((sample) => [seriesKey(sample), sample.value]));
}

/** As the server names it. */
function asServed(sample: StoredSample): Sample {
	const { job: _job, instance: _instance, ...rest } = sample.labels;
	const labels: Record<string, string> = rest;
	const { le } = labels;
	// OpenMetrics, which Prometheus asks for, writes bounds as floats: 1.0.
	if (le !== undefined && le !== "+Inf") labels["le"] = String(Number(le));
	return { ...sample, labels };
}

/** VictoriaMetrics keeps 12 digits. */
function isClose(a: number, b: number): boolean {
	return a === b || Math.abs(a - b) <= 1e-12 * Math.abs(a);
}
