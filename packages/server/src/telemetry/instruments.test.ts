import assert from "node:assert/strict";
import { test } from "node:test";
import { INSTRUMENTS, renderMetricsDoc } from "./instruments.ts";

const all = Object.values(INSTRUMENTS);

test("names are unique and of Prometheus' form, ours in base units", () => {
	const names = all.map(({ name }) => name);
	// Requests and frames share a name, and are told apart by their labels.
	const series = all.map(({ name, labels }) => `${name}{${labels}}`);
	assert.equal(new Set(series).size, series.length);
	for (const name of names)
		assert.match(name, /^(nv|saccade|llm|gpu)_[a-z_]+$/);
	for (const { name, kind } of all) {
		if (!name.startsWith("saccade_")) continue;
		assert.doesNotMatch(name, /_(ms|us|kb|mb)(_|$)/);
		if (kind === "counter") assert.match(name, /_total$/);
	}
});

test("histograms have ascending buckets, and only they have any", () => {
	for (const { name, kind, buckets } of all) {
		assert.equal(buckets !== undefined, kind === "histogram", name);
		const sorted = buckets?.toSorted((a, b) => a - b);
		assert.deepEqual(buckets, sorted, name);
		assert.equal(new Set(buckets).size, buckets?.length ?? 0, name);
	}
});

test("no label is one whose values a client can invent", () => {
	const ALLOWED = new Set([
		...["model", "version", "reason", "stage", "closed_because", "outcome"],
		// Of pipelines, which the operator names.
		"source",
		...["device", "step", "part", "mode", "phase", "signal"],
		...["state", "because", "gpu_uuid", "memory_type"],
	]);
	for (const { name, labels } of all)
		for (const label of labels)
			assert.ok(ALLOWED.has(label), `${name} ${label}`);
});

test("the document has every instrument", () => {
	const text = renderMetricsDoc();
	for (const { name } of all) assert.ok(text.includes(`\`${name}\``), name);
});
