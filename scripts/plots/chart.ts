// A chart as SVG text: points with their intervals, joined where they are a series, axes with units. It brings its own
// colours for light and dark pages, and needs neither script nor font.
import { linearScale, logScale, type Scale } from "./scale.ts";

export interface Point {
	readonly x: number;
	readonly y: number;
	/** 95 % interval of y. @default none is drawn */
	readonly interval?: Readonly<{ low: number; high: number }>;
}

export interface Series {
	readonly name: string;
	readonly points: readonly Point[];
	/** Points that belong together in their order. */
	readonly isJoined: boolean;
}

export interface Chart {
	readonly title: string;
	/** With its unit. */
	readonly xLabel: string;
	readonly yLabel: string;
	readonly yScale: "linear" | "log";
	readonly series: readonly Series[];
}

const WIDTH = 720;
const HEIGHT = 400;
const PLOT = { left: 64, right: 540, top: 40, bottom: 344 } as const;
/** Tell apart on white and on black, and to the colour-blind (Okabe and Ito, https://jfly.uni-koeln.de/color/). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"];
const STYLE = `
svg { font: 12px system-ui, sans-serif; fill: #1f2328; background: #ffffff; }
.grid { stroke: #d1d9e0; } .axis { stroke: #59636e; } .title { font-size: 14px; font-weight: 600; }
@media (prefers-color-scheme: dark) {
svg { fill: #f0f6fc; background: #0d1117; } .grid { stroke: #3d444d; } .axis { stroke: #9198a1; } }
`;

export function renderChart(chart: Chart): string {
	const points = chart.series.flatMap((one) => one.points);
	const tops = points.map(({ y, interval }) => interval?.high ?? y);
	const bottoms = points.map(({ y, interval }) => interval?.low ?? y);
	const x = linearScale(Math.max(...points.map((one) => one.x)), [
		PLOT.left,
		PLOT.right,
	]);
	const heights = [PLOT.bottom, PLOT.top] as const;
	const y =
		chart.yScale === "log"
			? logScale(Math.min(...bottoms), Math.max(...tops), heights)
			: linearScale(Math.max(...tops), heights);
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escapeText(chart.title)}">
<style>${STYLE}</style>
<text class="title" x="${PLOT.left}" y="22">${escapeText(chart.title)}</text>
${renderAxes(chart, x, y)}
${chart.series.map((series, i) => renderSeries(series, i, x, y)).join("\n")}
</svg>
`;
}

function renderAxes({ xLabel, yLabel }: Chart, x: Scale, y: Scale): string {
	const { left, right, top, bottom } = PLOT;
	const middleY = (top + bottom) / 2;
	return [
		...y.ticks.map((tick) => {
			const at = px(y.at(tick));
			return `<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/><text x="${left - 8}" y="${at}" dy="4" text-anchor="end">${showTick(tick)}</text>`;
		}),
		...x.ticks.map((tick) => {
			const at = px(x.at(tick));
			return `<line class="axis" x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 5}"/><text x="${at}" y="${bottom + 20}" text-anchor="middle">${showTick(tick)}</text>`;
		}),
		`<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`,
		`<text x="${(left + right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${escapeText(xLabel)}</text>`,
		`<text transform="translate(16 ${middleY}) rotate(-90)" text-anchor="middle">${escapeText(yLabel)}</text>`,
	].join("\n");
}

function renderSeries(
	{ name, points, isJoined }: Series,
	index: number,
	x: Scale,
	y: Scale,
): string {
	const colour = COLOURS[index % COLOURS.length];
	const line = points.map((one) => `${px(x.at(one.x))},${px(y.at(one.y))}`);
	const legendY = PLOT.top + 12 + index * 22;
	return [
		`<g stroke="${colour}" fill="${colour}">`,
		...(isJoined
			? [`<polyline fill="none" stroke-width="2" points="${line.join(" ")}"/>`]
			: []),
		...points.map((point) => renderPoint(point, x, y)),
		`<circle cx="${PLOT.right + 20}" cy="${legendY}" r="4"/>`,
		"</g>",
		`<text x="${PLOT.right + 32}" y="${legendY}" dy="4">${escapeText(name)}</text>`,
	].join("\n");
}

function renderPoint({ x, y, interval }: Point, xs: Scale, ys: Scale): string {
	const cx = px(xs.at(x));
	const dot = `<circle cx="${cx}" cy="${px(ys.at(y))}" r="3.5"/>`;
	if (interval === undefined) return dot;
	return `<line x1="${cx}" x2="${cx}" y1="${px(ys.at(interval.low))}" y2="${px(ys.at(interval.high))}"/>${dot}`;
}

function px(value: number): string {
	return String(Math.round(value * 10) / 10);
}

function showTick(value: number): string {
	return String(Number(value.toPrecision(6)));
}

function escapeText(text: string): string {
	return text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll('"', "&quot;");
}
