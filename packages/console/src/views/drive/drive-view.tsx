// The drive as the server sees it: what the sensors bring, what it takes them for, and what it decides about it.
import type { DriveEntry } from "@saccade/protocol/console";
import { mediaTopic } from "@saccade/protocol/console";
import { useState } from "preact/hooks";
import { count, percent } from "../../data/format.ts";
import { useEntries } from "../../data/store.ts";
import { Empty, Panel, Segmented } from "../../ui/panel.tsx";
import { AgeChart } from "./age-chart.tsx";
import { BudgetBar } from "./budget-bar.tsx";
import { CameraPanel } from "./camera-panel.tsx";
import type { ViewPoint } from "./cloud-scene.ts";
import { CloudView } from "./cloud-view.tsx";
import { DecisionPanel } from "./decision-panel.tsx";
import { DecisionStrip } from "./decision-strip.tsx";

export function DriveView() {
	const drive = useEntries("drive");
	const streams = useEntries("streams");
	const frames = [...drive.values()];
	const clouds = frames.filter(({ payload }) => payload === "cloud");
	const pictures = frames.filter(({ payload }) => payload === "image");
	const decided = frames.filter(({ decision }) => decision !== null);
	const [picked, setPicked] = useState("");
	const [pickedPicture, setPickedPicture] = useState("");
	const [point, setPoint] = useState<ViewPoint>("chase");
	const cloud = pick(clouds, picked);
	const picture = pick(pictures, pickedPicture);
	const decision = (cloud?.decision != null ? cloud : decided[0]) ?? null;
	if (frames.length === 0)
		return (
			<div class="view">
				<Panel title="Drive">
					<Empty>
						<span>
							{streams.size === 0
								? "No sensor stream is open. A simulated vehicle sends one:"
								: "Waiting for the next frame."}
						</span>
						{streams.size === 0 && <code>saccade drive</code>}
					</Empty>
				</Panel>
			</div>
		);
	return (
		<div class={`view drive-view ${cloud === null ? "without-cloud" : ""}`}>
			{cloud !== null && (
				<Panel
					class="cloud-panel"
					title="LiDAR"
					flush
					aside={
						<>
							<SourcePicker
								entries={clouds}
								value={keyOf(cloud)}
								onPick={setPicked}
							/>
							<span class="num nowrap">{cloud.rateHz.toFixed(1)} Hz</span>
							<Segmented
								label="Point of view"
								options={[
									["chase", "Behind"],
									["top", "Above"],
								]}
								value={point}
								onPick={setPoint}
							/>
						</>
					}
				>
					<CloudView
						topic={mediaTopic(cloud.stream, cloud.device)}
						entry={cloud}
						point={point}
					/>
				</Panel>
			)}
			<div class="stack drive-side">
				{decision !== null && <DecisionPanel entry={decision} />}
				{decision !== null && <BudgetBar entry={decision} />}
				{picture !== null && (
					<CameraPanel
						entry={picture}
						aside={
							<SourcePicker
								entries={pictures}
								value={keyOf(picture)}
								onPick={setPickedPicture}
							/>
						}
					/>
				)}
				<SensorsOfDrive entries={frames} />
			</div>
			<div class="two drive-below">
				<DecisionStrip stream={decision?.stream ?? ""} />
				<AgeChart
					pipeline={decision?.pipeline ?? picture?.pipeline ?? ""}
					budgetMs={
						decision?.deadlineUs == null
							? null
							: (decision.deadlineUs - decision.measuredUs) / 1000
					}
				/>
			</div>
		</div>
	);
}

function keyOf({ stream, device }: DriveEntry): string {
	return `${stream}/${device}`;
}

function pick(entries: readonly DriveEntry[], key: string): DriveEntry | null {
	return entries.find((entry) => keyOf(entry) === key) ?? entries[0] ?? null;
}

function SourcePicker(props: {
	readonly entries: readonly DriveEntry[];
	readonly value: string;
	readonly onPick: (key: string) => void;
}) {
	const { entries, value, onPick } = props;
	if (entries.length < 2) return null;
	return (
		<select
			class="field"
			aria-label="Source"
			value={value}
			onChange={(event) => onPick(event.currentTarget.value)}
		>
			{entries.map((entry) => (
				<option key={keyOf(entry)} value={keyOf(entry)}>
					{entry.device} ({entry.stream})
				</option>
			))}
		</select>
	);
}

/** What each sensor sends, at a glance. */
function SensorsOfDrive({
	entries,
}: {
	readonly entries: readonly DriveEntry[];
}) {
	const streams = useEntries("streams");
	const received = [...streams.values()].reduce(
		(sum, { received: one }) => sum + one,
		0,
	);
	const results = [...streams.values()].reduce(
		(sum, { outcomes }) => sum + outcomes.RESULT,
		0,
	);
	const sorted = [...entries].sort((a, b) => b.rateHz - a.rateHz);
	return (
		<Panel
			title="Sensors"
			flush
			aside={
				<span class="num nowrap">
					{count(received)} frames,{" "}
					{percent(received === 0 ? null : results / received, 2)} ended well
				</span>
			}
		>
			<table class="grid">
				<tbody>
					{sorted.map((entry) => (
						<tr key={keyOf(entry)}>
							<td class="left">
								<i
									class="swatch"
									style={{
										"--fill": `var(--o-${entry.outcome})`,
										marginRight: "8px",
									}}
									title={entry.outcome}
								/>
								<span class="clip name-cell">{entry.device}</span>
							</td>
							<td class="left dim">{entry.payload}</td>
							<td class="num">{entry.rateHz.toFixed(1)} Hz</td>
						</tr>
					))}
				</tbody>
			</table>
		</Panel>
	);
}
