// Who runs where, as it happens: a row for each lane of each model, a bar for each run.
import { useEffect, useRef, useState } from "preact/hooks";
import { ms } from "../../data/format.ts";
import { useItems } from "../../data/store.ts";
import { Empty, Panel, Segmented } from "../../ui/panel.tsx";
import { useTheme } from "../../ui/theme.ts";
import {
	drawLanes,
	type LaneHit,
	laneRows,
	ROW_HEIGHT,
	spanAt,
} from "./draw-lanes.ts";

const SPANS = [
	["1000", "1 s"],
	["5000", "5 s"],
	["15000", "15 s"],
] as const;
type SpanText = (typeof SPANS)[number][0];

const HEAD_HEIGHT = 22;

export function LanesPanel() {
	const items = useItems("lanes");
	const [span, setSpan] = useState<SpanText>("5000");
	const [isHeld, setIsHeld] = useState(false);
	const [hit, setHit] = useState<LaneHit | null>(null);
	const canvas = useRef<HTMLCanvasElement>(null);
	const { version } = useTheme();
	const rows = laneRows(items);
	const height = HEAD_HEIGHT + rows.length * ROW_HEIGHT;
	const scene = useRef({
		items,
		rows,
		spanMs: Number(span),
		isHeld,
		heldAtMs: 0,
	});
	scene.current = {
		...scene.current,
		items,
		rows,
		spanMs: Number(span),
		isHeld,
	};

	useEffect(() => {
		let frame = 0;
		const draw = () => {
			const element = canvas.current;
			if (element !== null) drawLanes(element, scene.current);
			frame = requestAnimationFrame(draw);
		};
		frame = requestAnimationFrame(draw);
		return () => cancelAnimationFrame(frame);
	}, [version]);

	return (
		<Panel
			title="Lanes"
			flush
			class="lanes-panel"
			aside={
				<>
					{hit !== null && (
						<span class="num">
							{hit.span.model}:{" "}
							{hit.span.runs === 1 ? "a run" : `${hit.span.runs} runs`} of{" "}
							{hit.span.rows} rows in {ms(hit.span.endMs - hit.span.beginMs)},
							closed: {hit.span.closedBecause}
						</span>
					)}
					<Segmented
						label="Time shown"
						options={SPANS}
						value={span}
						onPick={setSpan}
					/>
					<button
						type="button"
						class="button"
						aria-pressed={isHeld}
						onClick={() => setIsHeld(!isHeld)}
					>
						{isHeld ? "Follow" : "Hold"}
					</button>
				</>
			}
		>
			{rows.length === 0 ? (
				<Empty>Nothing ran since this view was opened.</Empty>
			) : (
				<canvas
					ref={canvas}
					class="lanes"
					style={{ height: `${height}px` }}
					role="img"
					aria-label={`Runs on ${rows.length} lanes: ${rows.map(({ label }) => label).join(", ")}`}
					onPointerMove={(event) =>
						setHit(
							spanAt(
								scene.current,
								event.currentTarget,
								event.offsetX,
								event.offsetY,
							),
						)
					}
					onPointerLeave={() => setHit(null)}
				/>
			)}
		</Panel>
	);
}
