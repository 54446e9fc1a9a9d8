// The Gantt chart of the lanes on a canvas: drawn anew each frame of the screen, so that it flows.
import type { LaneSpan } from "@saccade/protocol/console";
import { serverNowMs } from "../../data/store.ts";
import { colour } from "../../ui/theme.ts";

export const ROW_HEIGHT = 24;
const HEAD_HEIGHT = 22;
const LABEL_WIDTH = 220;
/** What happened later is still on its way. */
const BEHIND_MS = 350;
const LEAST_WIDTH = 1.5;
const FILLS = ["--s1", "--s2", "--s3", "--s4", "--s5", "--s6"];

export interface LaneRow {
	readonly key: string;
	readonly label: string;
	readonly device: string;
	readonly model: string;
}

export interface LaneScene {
	readonly items: readonly LaneSpan[];
	readonly rows: readonly LaneRow[];
	readonly spanMs: number;
	readonly isHeld: boolean;
	/** When it was held; 0: it is not. */
	heldAtMs: number;
}

export interface LaneHit {
	readonly span: LaneSpan;
}

function keyOf({ device, model, version, lane }: LaneSpan): string {
	return `${device}\n${model}\n${version}\n${lane}`;
}

/** By device, then model, then lane. */
export function laneRows(items: readonly LaneSpan[]): LaneRow[] {
	const rows = new Map<string, LaneRow>();
	for (const span of items) {
		const key = keyOf(span);
		if (!rows.has(key))
			rows.set(key, {
				key,
				device: span.device,
				model: span.model,
				label: `${span.device} · ${span.model} v${span.version} · lane ${span.lane}`,
			});
	}
	return [...rows.values()].sort((a, b) =>
		a.key.localeCompare(b.key, "en", { numeric: true }),
	);
}

export function drawLanes(canvas: HTMLCanvasElement, scene: LaneScene): void {
	const ratio = devicePixelRatio;
	const width = canvas.clientWidth;
	const height = canvas.clientHeight;
	if (
		canvas.width !== Math.round(width * ratio) ||
		canvas.height !== Math.round(height * ratio)
	) {
		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(height * ratio);
	}
	const context = canvas.getContext("2d");
	if (context === null) return;
	if (!scene.isHeld) scene.heldAtMs = 0;
	else if (scene.heldAtMs === 0) scene.heldAtMs = serverNowMs() - BEHIND_MS;
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	context.clearRect(0, 0, width, height);
	drawGrid(context, width, height, scene);
	drawSpans(context, width, scene);
	drawLabels(context, width, scene);
}

function drawGrid(
	context: CanvasRenderingContext2D,
	width: number,
	height: number,
	{ spanMs, rows }: LaneScene,
): void {
	context.font = `10.5px ${colour("--mono")}`;
	context.textBaseline = "middle";
	context.strokeStyle = colour("--line");
	context.fillStyle = colour("--dim");
	const plot = width - LABEL_WIDTH;
	for (let i = 0; i <= 5; i++) {
		const x = Math.round(LABEL_WIDTH + (plot * i) / 5) + 0.5;
		context.beginPath();
		context.moveTo(x, HEAD_HEIGHT);
		context.lineTo(x, height);
		context.stroke();
		const backMs = spanMs - (spanMs * i) / 5;
		context.textAlign = i === 0 ? "left" : i === 5 ? "right" : "center";
		context.fillText(
			i === 5
				? "now"
				: `−${backMs >= 1000 ? `${(backMs / 1000).toFixed(1)} s` : `${backMs} ms`}`,
			x + (i === 0 ? 4 : i === 5 ? -4 : 0),
			HEAD_HEIGHT / 2,
		);
	}
	for (let row = 0; row <= rows.length; row++) {
		const y = HEAD_HEIGHT + row * ROW_HEIGHT + 0.5;
		context.beginPath();
		context.moveTo(0, y);
		context.lineTo(width, y);
		context.stroke();
	}
}

function fillOf(rows: readonly LaneRow[], model: string): string {
	const models = [...new Set(rows.map((row) => row.model))];
	return FILLS[models.indexOf(model) % FILLS.length] ?? "--s1";
}

function drawSpans(
	context: CanvasRenderingContext2D,
	width: number,
	scene: LaneScene,
): void {
	const { items, rows, spanMs } = scene;
	const { fromMs, perMs } = windowOf(scene, width);
	const places = new Map(rows.map(({ key }, i) => [key, i]));
	const fills = new Map(
		rows.map(({ model }) => [model, colour(fillOf(rows, model))]),
	);
	const failed = colour("--bad");
	for (let i = items.length - 1; i >= 0; i--) {
		const span = items[i]!;
		if (span.endMs < fromMs || span.beginMs > fromMs + spanMs) continue;
		const row = places.get(keyOf(span)) ?? 0;
		const left = Math.max(
			LABEL_WIDTH,
			LABEL_WIDTH + (span.beginMs - fromMs) * perMs,
		);
		const right = Math.min(width, LABEL_WIDTH + (span.endMs - fromMs) * perMs);
		context.fillStyle =
			span.failed > 0 ? failed : (fills.get(span.model) ?? failed);
		context.fillRect(
			left,
			HEAD_HEIGHT + row * ROW_HEIGHT + 4,
			Math.max(LEAST_WIDTH, right - left),
			ROW_HEIGHT - 8,
		);
	}
}

function drawLabels(
	context: CanvasRenderingContext2D,
	width: number,
	{ rows }: LaneScene,
): void {
	context.font = `12px ${colour("--sans")}`;
	context.textAlign = "left";
	context.textBaseline = "middle";
	for (const [i, { label, model }] of rows.entries()) {
		const y = HEAD_HEIGHT + (i + 0.5) * ROW_HEIGHT;
		context.fillStyle = colour(fillOf(rows, model));
		context.fillRect(10, y - 4, 8, 8);
		context.fillStyle = colour("--text");
		context.fillText(fitted(context, label, LABEL_WIDTH - 34), 25, y);
	}
	context.strokeStyle = colour("--line-strong");
	context.strokeRect(
		LABEL_WIDTH + 0.5,
		-1,
		width,
		HEAD_HEIGHT + rows.length * ROW_HEIGHT + 2,
	);
}

function fitted(
	context: CanvasRenderingContext2D,
	text: string,
	width: number,
): string {
	if (context.measureText(text).width <= width) return text;
	let end = text.length;
	while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > width)
		end--;
	return `${text.slice(0, end)}…`;
}

function windowOf({ spanMs, heldAtMs }: LaneScene, width: number) {
	const toMs = heldAtMs > 0 ? heldAtMs : serverNowMs() - BEHIND_MS;
	return { fromMs: toMs - spanMs, perMs: (width - LABEL_WIDTH) / spanMs };
}

/** What lies under the pointer. */
export function spanAt(
	scene: LaneScene,
	canvas: HTMLCanvasElement,
	x: number,
	y: number,
): LaneHit | null {
	const { fromMs, perMs } = windowOf(scene, canvas.clientWidth);
	const row = scene.rows[Math.floor((y - HEAD_HEIGHT) / ROW_HEIGHT)];
	if (row === undefined || x < LABEL_WIDTH) return null;
	const atMs = fromMs + (x - LABEL_WIDTH) / perMs;
	const reachMs = 2 / perMs;
	const span = scene.items.findLast(
		(one) =>
			keyOf(one) === row.key &&
			one.beginMs - reachMs <= atMs &&
			one.endMs + reachMs >= atMs,
	);
	return span === undefined ? null : { span };
}
