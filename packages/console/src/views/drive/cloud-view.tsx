// The sweep in three dimensions. Its scene is loaded when it is first shown: nobody else waits for it.
import type { DriveEntry } from "@saccade/protocol/console";
import { useEffect, useRef, useState } from "preact/hooks";
import { followMedia } from "../../data/store.ts";
import { useTheme } from "../../ui/theme.ts";
import { classColour, className } from "./classes.ts";
import type { CloudScene, ViewPoint } from "./cloud-scene.ts";

export function CloudView(props: {
	readonly topic: string;
	readonly entry: DriveEntry;
	readonly point: ViewPoint;
}) {
	const { topic, entry, point } = props;
	const box = useRef<HTMLDivElement>(null);
	const [scene, setScene] = useState<CloudScene | null>(null);
	const [problem, setProblem] = useState("");
	const [points, setPoints] = useState({ count: 0, total: 0 });
	const { version } = useTheme();

	useEffect(() => {
		let own: CloudScene | null = null;
		let isGone = false;
		import("./cloud-scene.ts")
			.then(({ CloudScene: Scene }) => {
				if (isGone || box.current === null) return;
				own = new Scene(box.current);
				setScene(own);
			})
			.catch((error: unknown) =>
				setProblem(error instanceof Error ? error.message : String(error)),
			);
		return () => {
			isGone = true;
			own?.close();
			setScene(null);
		};
	}, []);
	useEffect(() => {
		if (scene === null) return;
		return followMedia(topic, (head, bytes) => {
			if (head.kind !== "cloud") return;
			scene.setCloud(head, bytes);
			setPoints({ count: head.count, total: head.total });
		});
	}, [scene, topic]);
	useEffect(() => scene?.look(point), [scene, point]);
	useEffect(() => scene?.recolour(), [scene, version]);
	useEffect(() => scene?.setTracks(entry.tracks ?? []), [scene, entry.tracks]);

	const tracks = entry.tracks ?? [];
	const kinds = [...new Set(tracks.map(({ classId }) => classId))].sort();
	return (
		<div class="cloud">
			<div
				ref={box}
				class="cloud-scene"
				role="img"
				aria-label={`Point cloud of ${entry.device} with ${tracks.length} tracks`}
			/>
			{problem !== "" && (
				<p class="cloud-problem">The cloud cannot be drawn here: {problem}</p>
			)}
			<div class="cloud-legend legend">
				<span class="num">
					{points.count.toLocaleString("en").replaceAll(",", "\u202f")} points
					{points.total > points.count && ` of ${points.total}`}
				</span>
				{kinds.map((classId) => (
					<span key={classId}>
						<i class="swatch" style={{ "--fill": classColour(classId) }} />
						{className(entry.classNames, classId)}{" "}
						<b class="num">
							{tracks.filter((track) => track.classId === classId).length}
						</b>
					</span>
				))}
			</div>
		</div>
	);
}
