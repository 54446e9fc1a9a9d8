import type { ModelEntry } from "@saccade/protocol/console";
import { useState } from "preact/hooks";
import { count, ms, rate } from "../../data/format.ts";
import { modelSamples } from "../../data/history.ts";
import { useEntries } from "../../data/store.ts";
import { Empty, Panel } from "../../ui/panel.tsx";
import { PickRow } from "../../ui/pick-row.tsx";
import { ModelDetail } from "./model-detail.tsx";
import { StateChip } from "./state-chip.tsx";

export function ModelsView() {
	const models = useEntries("models");
	const [picked, setPicked] = useState("");
	const [text, setText] = useState("");
	const keys = [...models.keys()].filter((key) =>
		key.toLowerCase().includes(text.toLowerCase()),
	);
	const key = models.has(picked) ? picked : (busiest(models) ?? keys[0] ?? "");
	const model = models.get(key);
	return (
		<div class="view models-view">
			<Panel
				title="Models"
				flush
				aside={
					<>
						<span class="num">{count(models.size)}</span>
						<input
							class="field"
							type="search"
							aria-label="Find a model"
							placeholder="Find…"
							value={text}
							onInput={(event) => setText(event.currentTarget.value)}
						/>
					</>
				}
			>
				{models.size === 0 ? (
					<Empty>No model is in the repository.</Empty>
				) : (
					<table class="grid">
						<thead>
							<tr>
								<th class="left">Model</th>
								<th class="left">State</th>
								<th>Requests</th>
								<th>p50</th>
								<th>p99</th>
							</tr>
						</thead>
						<tbody>
							{keys.map((one) => (
								<Row
									key={one}
									id={one}
									model={models.get(one)}
									isPicked={one === key}
									onPick={() => setPicked(one)}
								/>
							))}
						</tbody>
					</table>
				)}
			</Panel>
			{model !== undefined && <ModelDetail key={key} id={key} model={model} />}
		</div>
	);
}

function Row(props: {
	readonly id: string;
	readonly model: ModelEntry | undefined;
	readonly isPicked: boolean;
	readonly onPick: () => void;
}) {
	const { id, model, isPicked, onPick } = props;
	const last = modelSamples(id).at(-1);
	if (model === undefined) return null;
	return (
		<PickRow isPicked={isPicked} onPick={onPick}>
			<td class="left">
				<span class="clip name-cell" title={model.name}>
					{model.name}
				</span>{" "}
				{model.version !== "" && <span class="mono dim">v{model.version}</span>}
			</td>
			<td class="left">
				<StateChip model={model} />
			</td>
			<td class="num">
				{last === undefined ? "–" : `${rate(last.requestsPerS)}/s`}
			</td>
			<td class="num">{ms(last?.p50Ms)}</td>
			<td class="num">{ms(last?.p99Ms)}</td>
		</PickRow>
	);
}

/** What one wants to see first. */
function busiest(models: ReadonlyMap<string, ModelEntry>): string | null {
	let most = 0;
	let found: string | null = null;
	for (const [key, { serving }] of models)
		if (serving !== null && serving.requests > most) {
			most = serving.requests;
			found = key;
		}
	return found;
}
