import assert from "node:assert/strict";
import { test } from "node:test";
import { type Chart, renderChart } from "./chart.ts";
import { linearScale, logScale } from "./scale.ts";

const CHART: Chart = {
	title: "goodput & <more>",
	xLabel: "offered, /s",
	yLabel: "answers, /s",
	yScale: "linear",
	series: [
		{
			name: "deadline",
			isJoined: true,
			points: [
				{ x: 0, y: 0 },
				{ x: 100, y: 50, interval: { low: 40, high: 60 } },
			],
		},
		{ name: "none", isJoined: false, points: [{ x: 50, y: 20 }] },
	],
};

test("a linear axis ends at a round number at or above the largest value", () => {
	const { ticks, at } = linearScale(93, [0, 100]);
	assert.deepEqual(ticks, [0, 20, 40, 60, 80, 100]);
	assert.equal(at(50), 50);
	assert.equal(at(500), 100);
});

test("a logarithmic axis has the powers of ten around its values", () => {
	const { ticks, at } = logScale(3, 80, [0, 100]);
	assert.deepEqual(ticks, [1, 2, 5, 10, 20, 50, 100]);
	assert.equal(Math.round(at(10)), 50);
});

test("a chart names its axes and series, and escapes what it is told", () => {
	const svg = renderChart(CHART);
	for (const text of ["offered, /s", "answers, /s", "deadline", "none"])
		assert.ok(svg.includes(text), text);
	assert.ok(svg.includes("goodput &amp; &lt;more>"));
	assert.match(svg, /prefers-color-scheme: dark/);
});

test("a larger value is drawn higher, and an interval from its low to its high", () => {
	const svg = renderChart(CHART);
	const points = /points="([^"]+)"/.exec(svg)?.[1]?.split(" ") ?? [];
	const [first, second] = points.map((point) => point.split(",").map(Number));
	assert.ok(first![0]! < second![0]! && first![1]! > second![1]!);
	const whisker =
		/<line x1="[\d.]+" x2="[\d.]+" y1="([\d.]+)" y2="([\d.]+)"\/>/.exec(svg);
	assert.ok(Number(whisker?.[1]) > second![1]!);
	assert.ok(Number(whisker?.[2]) < second![1]!);
});
