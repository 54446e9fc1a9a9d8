import type { BoxEntry, DriveEntry } from "@saccade/protocol/console";
import { mediaTopic } from "@saccade/protocol/console";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { followMedia } from "../../data/store.ts";
import { Panel } from "../../ui/panel.tsx";
import { isAtEdge, labelledBoxes } from "./camera-labels.ts";
import { classColour, className } from "./classes.ts";

interface Seen {
	readonly width: number;
	readonly height: number;
	readonly boxes: readonly BoxEntry[];
}

const NOTHING: Seen = { width: 320, height: 192, boxes: [] };

/** What the camera sees, with what the detector takes it for. */
export function CameraPanel(props: {
	readonly entry: DriveEntry;
	readonly aside: ComponentChildren;
}) {
	const { entry, aside } = props;
	const { stream, device, classNames } = entry;
	const canvas = useRef<HTMLCanvasElement>(null);
	const [seen, setSeen] = useState(NOTHING);
	useEffect(() => {
		let isGone = false;
		let isDecoding = false;
		const stop = followMedia(mediaTopic(stream, device), (head, bytes) => {
			// One that comes while another is decoded is left out: the next one is newer.
			if (head.kind !== "picture" || isDecoding) return;
			isDecoding = true;
			createImageBitmap(new Blob([bytes], { type: head.type }))
				.then((bitmap) => {
					const { width, height } = bitmap;
					if (!isGone && canvas.current !== null) draw(canvas.current, bitmap);
					bitmap.close();
					if (!isGone) setSeen({ width, height, boxes: head.boxes });
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
	const labelled = labelledBoxes(seen.boxes, seen.width);
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
			<div
				class="camera-frame"
				style={{ aspectRatio: `${seen.width} / ${seen.height}` }}
			>
				<canvas
					ref={canvas}
					class="camera"
					role="img"
					aria-label={`Picture of ${device}, ${seen.boxes.length} objects found`}
				/>
				{seen.boxes.map((box) => (
					<Box
						key={box.join()}
						box={box}
						seen={seen}
						names={classNames}
						hasLabel={labelled.has(box)}
					/>
				))}
			</div>
		</Panel>
	);
}

/** At its own size: the page scales it. */
function draw(canvas: HTMLCanvasElement, bitmap: ImageBitmap): void {
	const { width, height } = bitmap;
	if (canvas.width !== width || canvas.height !== height) {
		canvas.width = width;
		canvas.height = height;
	}
	canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
}

function Box(props: {
	readonly box: BoxEntry;
	readonly seen: Seen;
	readonly names: readonly string[];
	readonly hasLabel: boolean;
}) {
	const [x1, y1, x2, y2, score, classId] = props.box;
	const { width, height } = props.seen;
	const across = (pixels: number) => `${(100 * pixels) / width}%`;
	const down = (pixels: number) => `${(100 * pixels) / height}%`;
	const text = `${className(props.names, classId)} ${Math.round(100 * score)}`;
	return (
		<i
			class={`camera-box${isAtEdge(props.box, width) ? " at-edge" : ""}`}
			title={text}
			style={{
				left: across(x1),
				top: down(y1),
				// A box may go on beyond the picture; its right edge is where a label may hang.
				width: across(Math.min(x2, width) - x1),
				height: down(y2 - y1),
				"--fill": classColour(classId),
			}}
		>
			{props.hasLabel && <span>{text}</span>}
		</i>
	);
}
