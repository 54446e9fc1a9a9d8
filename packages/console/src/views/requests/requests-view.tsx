import {
	REQUEST_ORDERS,
	type RequestEntry,
	type RequestOrder,
} from "@saccade/protocol/console";
import { useEffect, useState } from "preact/hooks";
import { us } from "../../data/format.ts";
import { serverWallMs, useEntries } from "../../data/store.ts";
import { OutcomeName } from "../../ui/outcome.tsx";
import { Empty, Panel, Segmented } from "../../ui/panel.tsx";
import { PickRow } from "../../ui/pick-row.tsx";
import { explain, type TraceRecord } from "./trace.ts";
import { Waterfall } from "./waterfall.tsx";

const TITLES: Readonly<Record<RequestOrder, string>> = {
	slowest: "Slowest",
	missed: "Missed",
};

export function RequestsView() {
	const entries = [...useEntries("requests").values()];
	const [order, setOrder] = useState<RequestOrder>("slowest");
	const [name, setName] = useState("");
	const [picked, setPicked] = useState("");
	const names = [...new Set(entries.map((entry) => entry.name))].sort();
	const shown = entries
		.filter(
			(entry) => entry.order === order && (name === "" || entry.name === name),
		)
		.sort((a, b) =>
			order === "slowest"
				? b.durationUs - a.durationUs
				: b.startUnixUs - a.startUnixUs,
		);
	const traceId = picked || (shown[0]?.traceId ?? "");
	return (
		<div class="view requests-view">
			<Panel
				title="Requests and frames"
				flush
				aside={
					<>
						<select
							class="field"
							aria-label="Model or pipeline"
							value={name}
							onChange={(event) => setName(event.currentTarget.value)}
						>
							<option value="">All</option>
							{names.map((one) => (
								<option key={one} value={one}>
									{one}
								</option>
							))}
						</select>
						<Segmented
							label="Which"
							options={REQUEST_ORDERS.map((one) => [one, TITLES[one]] as const)}
							value={order}
							onPick={(next) => {
								setOrder(next);
								setPicked("");
							}}
						/>
					</>
				}
			>
				{shown.length === 0 ? (
					<Empty>
						{order === "missed"
							? "No deadline was missed."
							: "Nothing was asked of this server yet."}
					</Empty>
				) : (
					<table class="grid">
						<thead>
							<tr>
								<th class="left">Name</th>
								<th class="left">Outcome</th>
								<th>Took</th>
								<th>Deadline</th>
								<th class="left">Longest stage</th>
								<th>Ago</th>
							</tr>
						</thead>
						<tbody>
							{shown.map((entry) => (
								<Row
									key={entry.traceId}
									entry={entry}
									isPicked={entry.traceId === traceId}
									onPick={() => setPicked(entry.traceId)}
								/>
							))}
						</tbody>
					</table>
				)}
			</Panel>
			{traceId !== "" && <Explanation key={traceId} traceId={traceId} />}
		</div>
	);
}

function Row(props: {
	readonly entry: RequestEntry;
	readonly isPicked: boolean;
	readonly onPick: () => void;
}) {
	const { entry, isPicked, onPick } = props;
	const agoS = (serverWallMs() - entry.startUnixUs / 1000) / 1000;
	return (
		<PickRow isPicked={isPicked} onPick={onPick}>
			<td class="left">
				<span class="clip name-cell" title={entry.name}>
					{entry.name}
				</span>{" "}
				<span class="dim">{entry.kind}</span>
			</td>
			<td class="left">
				<OutcomeName outcome={entry.outcome} />
			</td>
			<td class={`num ${entry.isMissed ? "bad" : ""}`}>
				{us(entry.durationUs)}
			</td>
			<td class="num dim">{us(entry.deadlineUs)}</td>
			<td class="left dim">
				{entry.longestStage === null
					? "–"
					: `${entry.longestStage.name} ${us(entry.longestStage.durationUs)}`}
			</td>
			<td class="num dim">
				{agoS < 100 ? `${agoS.toFixed(0)} s` : `${(agoS / 60).toFixed(0)} min`}
			</td>
		</PickRow>
	);
}

type Explained =
	| { readonly kind: "asked" }
	| { readonly kind: "told"; readonly records: readonly TraceRecord[] }
	| { readonly kind: "refused"; readonly text: string };

function Explanation({ traceId }: { readonly traceId: string }) {
	const [explained, setExplained] = useState<Explained>({ kind: "asked" });
	useEffect(() => {
		let isGone = false;
		explain(traceId).then(
			(records) => {
				if (!isGone) setExplained({ kind: "told", records });
			},
			(error: unknown) => {
				if (!isGone)
					setExplained({
						kind: "refused",
						text: error instanceof Error ? error.message : String(error),
					});
			},
		);
		return () => {
			isGone = true;
		};
	}, [traceId]);
	switch (explained.kind) {
		case "asked":
			return (
				<Panel title="Explanation">
					<p class="dim">Asking…</p>
				</Panel>
			);
		case "refused":
			return (
				<Panel title="Explanation">
					<p class="bad">{explained.text}</p>
				</Panel>
			);
		case "told":
			return <Waterfall records={explained.records} />;
	}
}
