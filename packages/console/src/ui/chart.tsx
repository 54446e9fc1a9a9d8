// A chart over time. uPlot draws it; here is what all of ours share: the axes, the colours of the theme, the size.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { colour, useTheme } from "./theme.ts";

interface ChartSeries {
	readonly label: string;
	/** A colour of the tokens. */
	readonly stroke: string;
	/** @default false */
	readonly isFilled?: boolean;
	/** Drawn as steps, for counts. */
	readonly isStepped?: boolean;
	readonly width?: number;
	readonly dash?: readonly number[];
}

export interface ChartProps {
	readonly label: string;
	/** Seconds on the server's clock, and one list for each series. */
	readonly data: readonly (readonly (number | null)[])[];
	readonly series: readonly ChartSeries[];
	/** Seconds shown, up to `nowS`. */
	readonly spanS: number;
	readonly nowS: number;
	readonly height: number;
	readonly format: (value: number) => string;
	/** Each series stands on those before it. */
	readonly isStacked?: boolean;
	/** A line at this value. */
	readonly mark?: number;
	/** @default from 0 */
	readonly range?: (low: number, high: number) => [number, number];
}

export function Chart(props: ChartProps) {
	const box = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot | null>(null);
	const latest = useRef(props);
	latest.current = props;
	const { version } = useTheme();
	const shape = props.series.map(({ label }) => label).join();

	useEffect(() => {
		const element = box.current;
		if (element === null) return;
		const own = new uPlot(
			optionsOf(latest, element),
			dataOf(latest.current),
			element,
		);
		plot.current = own;
		const observer = new ResizeObserver(() => {
			const width = element.clientWidth;
			if (width > 0) own.setSize({ width, height: latest.current.height });
		});
		observer.observe(element);
		return () => {
			observer.disconnect();
			own.destroy();
			plot.current = null;
		};
	}, [version, shape, props.isStacked]);

	useEffect(() => {
		plot.current?.setData(dataOf(props));
	});

	return (
		<div
			class="chart"
			ref={box}
			role="img"
			aria-label={props.label}
			style={{ height: `${props.height}px` }}
		/>
	);
}

function dataOf({ data, isStacked = false }: ChartProps): uPlot.AlignedData {
	if (!isStacked) return data as uPlot.AlignedData;
	const [times = [], ...values] = data;
	const sums = new Array<number>(times.length).fill(0);
	const stacked = values.map((list) =>
		list.map((value, i) => {
			sums[i] = (sums[i] ?? 0) + (value ?? 0);
			return sums[i];
		}),
	);
	return [times, ...stacked] as uPlot.AlignedData;
}

function optionsOf(
	latest: { readonly current: ChartProps },
	element: HTMLElement,
): uPlot.Options {
	const { series, height, isStacked = false, mark } = latest.current;
	const grid = colour("--line");
	const ink = colour("--dim");
	const font = `10.5px ${colour("--mono")}`;
	const axis: uPlot.Axis = {
		stroke: ink,
		font,
		grid: { stroke: grid, width: 1 },
		ticks: { show: false },
	};
	return {
		width: Math.max(50, element.clientWidth),
		height,
		padding: [8, 8, 0, 0],
		legend: { show: false },
		cursor: { drag: { x: false, y: false }, points: { size: 5 } },
		scales: {
			x: {
				time: false,
				range: () => [
					latest.current.nowS - latest.current.spanS,
					latest.current.nowS,
				],
			},
			y: {
				range: (_plot, low, high) => {
					const { range } = latest.current;
					if (range !== undefined) return range(low ?? 0, high ?? 1);
					const top = Math.max(high ?? 0, mark ?? 0);
					return [0, top > 0 ? top * 1.12 : 1];
				},
			},
		},
		axes: [
			{
				...axis,
				size: 22,
				gap: 4,
				splits: () => {
					const { nowS, spanS } = latest.current;
					const step = spanS / 4;
					return [3, 2, 1].map((n) => nowS - n * step);
				},
				values: (_plot, splits) =>
					splits.map((at) => `−${Math.round(latest.current.nowS - at)} s`),
				grid: { show: false },
			},
			{
				...axis,
				size: 56,
				gap: 4,
				space: 26,
				values: (_plot, splits) =>
					splits.map((value) => latest.current.format(value)),
			},
		],
		series: [
			{},
			...series.map((one): uPlot.Series => {
				const stroke = colour(one.stroke);
				return {
					label: one.label,
					stroke,
					width: one.width ?? 1.5,
					points: { show: false },
					...(one.dash && { dash: [...one.dash] }),
					...(one.isFilled && !isStacked && { fill: fade(stroke, 0.16) }),
					...(isStacked && { fill: fade(stroke, 0.75), width: 0 }),
					...(one.isStepped && stepped()),
				};
			}),
		],
		// In reverse, so that the lower ones are not covered.
		...(isStacked && {
			bands: series
				.slice(1)
				.map((_, i) => ({ series: [i + 2, i + 1] as [number, number] })),
		}),
		hooks: {
			draw: [
				(plot) => {
					const { mark: at } = latest.current;
					if (at === undefined) return;
					const y = Math.round(plot.valToPos(at, "y", true));
					const { left, width, top, height: tall } = plot.bbox;
					if (y < top || y > top + tall) return;
					plot.ctx.save();
					plot.ctx.strokeStyle = colour("--bad");
					plot.ctx.setLineDash([4, 4]);
					plot.ctx.beginPath();
					plot.ctx.moveTo(left, y);
					plot.ctx.lineTo(left + width, y);
					plot.ctx.stroke();
					plot.ctx.restore();
				},
			],
		},
	};
}

function stepped(): Pick<uPlot.Series, "paths"> {
	const paths = uPlot.paths.stepped?.({ align: 1 });
	return paths === undefined ? {} : { paths };
}

function fade(hex: string, alpha: number): string {
	const value = Number.parseInt(hex.slice(1), 16);
	return `rgb(${value >> 16} ${(value >> 8) & 255} ${value & 255} / ${alpha})`;
}
