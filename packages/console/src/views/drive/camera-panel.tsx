import type {
	BoxEntry,
	DriveEntry,
	MediaHead,
} from "@saccade/protocol/console";
import { mediaTopic } from "@saccade/protocol/console";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { followMedia } from "../../data/store.ts";
import { Panel } from "../../ui/panel.tsx";
import { classColour, className } from "./classes.ts";

type Picture = Extract<MediaHead, { readonly kind: "picture" }>;

/** What the camera sees, with what the detector takes it for. */
export function CameraPanel(props: {
	readonly entry: DriveEntry;
	readonly aside: ComponentChildren;
}) {
	const { entry, aside } = props;
	const { stream, device, classNames } = entry;
	const canvas = useRef<HTMLCanvasElement>(null);
	const [boxCount, setBoxCount] = useState(0);
	const names = useRef(classNames);
	names.current = classNames;
	useEffect(() => {
		let isGone = false;
		let isDecoding = false;
		const stop = followMedia(mediaTopic(stream, device), (head, bytes) => {
			// One that comes while another is decoded is left out: the next one is newer.
			if (head.kind !== "picture" || isDecoding) return;
			isDecoding = true;
			createImageBitmap(new Blob([bytes], { type: head.type }))
				.then((bitmap) => {
					if (!isGone && canvas.current !== null)
						draw(canvas.current, bitmap, head, names.current);
					bitmap.close();
					setBoxCount(head.boxes.length);
				})
				.catch(() => {})
				.finally(() => {
					isDecoding = false;
				});
		});
		return () => {
			isGone = true;
			stop();
		};
	}, [stream, device]);
	return (
		<Panel
			title="Camera"
			flush
			class="camera-panel"
			aside={
				<>
					{aside}
					<span class="num nowrap">{entry.rateHz.toFixed(1)} Hz</span>
				</>
			}
		>
			<canvas
				ref={canvas}
				class="camera"
				role="img"
				aria-label={`Picture of ${device}, ${boxCount} objects found`}
			/>
		</Panel>
	);
}

/** Pixels of the canvas for one of the picture: boxes stay sharp. */
const SCALE = 3;

function draw(
	canvas: HTMLCanvasElement,
	bitmap: ImageBitmap,
	head: Picture,
	names: readonly string[],
): void {
	const width = bitmap.width * SCALE;
	const height = bitmap.height * SCALE;
	if (canvas.width !== width || canvas.height !== height) {
		canvas.width = width;
		canvas.height = height;
	}
	const context = canvas.getContext("2d");
	if (context === null) return;
	context.imageSmoothingQuality = "high";
	context.drawImage(bitmap, 0, 0, width, height);
	context.font = "600 22px 'IBM Plex Sans', sans-serif";
	context.textBaseline = "bottom";
	context.lineWidth = 3;
	for (const box of head.boxes) drawBox(context, box, names);
}

function drawBox(
	context: CanvasRenderingContext2D,
	box: BoxEntry,
	names: readonly string[],
): void {
	const [x1, y1, x2, y2, score, classId] = box;
	const colour = classColour(classId);
	context.strokeStyle = colour;
	context.strokeRect(
		x1 * SCALE,
		y1 * SCALE,
		(x2 - x1) * SCALE,
		(y2 - y1) * SCALE,
	);
	const text = `${className(names, classId)} ${Math.round(100 * score)}`;
	const width = context.measureText(text).width + 12;
	const left = x1 * SCALE - 1.5;
	const top = Math.max(26, y1 * SCALE);
	context.fillStyle = colour;
	context.fillRect(left, top - 26, width, 26);
	context.fillStyle = "#06121a";
	context.fillText(text, left + 6, top - 1);
}
