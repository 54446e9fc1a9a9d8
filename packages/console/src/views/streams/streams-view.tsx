import { OUTCOMES } from "@saccade/protocol";
import type { StreamEntry } from "@saccade/protocol/console";
import { useState } from "preact/hooks";
import { count, ms, msTick, rateTick } from "../../data/format.ts";
import { secondsOf } from "../../data/frames.ts";
import { serverNowMs, useEntries } from "../../data/store.ts";
import { Chart } from "../../ui/chart.tsx";
import { Legend } from "../../ui/legend.tsx";
import {
	OutcomeLegend,
	outcomeFill,
	outcomeParts,
	outcomeText,
} from "../../ui/outcome.tsx";
import { Empty, Panel, Segmented, StackBar } from "../../ui/panel.tsx";
import { ReasonsPanel } from "./reasons-panel.tsx";
import { SensorsPanel } from "./sensors-panel.tsx";

const SPANS = [
	["60", "1 min"],
	["300", "5 min"],
] as const;

export function StreamsView() {
	const streams = useEntries("streams");
	const pipelines = useEntries("pipelines");
	const bins = useEntries("frames");
	const [pipeline, setPipeline] = useState("");
	const [span, setSpan] = useState<"60" | "300">("60");
	const spanS = Number(span);
	// Up to the last whole second.
	const to = Math.floor(serverNowMs() / 1000) - 1;
	const seconds = secondsOf(bins.values(), pipeline, { from: to - spanS, to });
	const shown = OUTCOMES.filter((_, i) =>
		seconds.some(({ outcomes }) => (outcomes[i] ?? 0) > 0),
	);
	const times = seconds.map(({ second }) => second);
	const names = [...pipelines.keys()];
	const chart = { spanS, nowS: to, height: 178 };
	return (
		<div class="view streams-view">
			<div class="toolbar">
				<Segmented
					label="Pipeline"
					options={[
						["", "All pipelines"],
						...names.map((name) => [name, name] as const),
					]}
					value={pipeline}
					onPick={setPipeline}
				/>
				<Segmented
					label="Time shown"
					options={SPANS}
					value={span}
					onPick={setSpan}
				/>
			</div>
			<Panel
				class="outcomes-panel"
				title="Outcomes"
				aside={<OutcomeLegend shown={shown} />}
			>
				<Chart
					{...chart}
					label="Frames that ended, by outcome, a second"
					data={[
						times,
						...shown.map((outcome) =>
							seconds.map(
								({ outcomes }) => outcomes[OUTCOMES.indexOf(outcome)] ?? 0,
							),
						),
					]}
					series={shown.map((outcome) => ({
						label: outcomeText(outcome),
						stroke: outcomeFill(outcome),
						isStepped: true,
					}))}
					isStacked
					format={(value) => `${rateTick(value)}/s`}
				/>
			</Panel>
			<Panel
				class="slack-panel"
				title="Deadline slack"
				aside={
					<Legend
						entries={[
							{ label: "median", fill: "var(--s1)" },
							{ label: "tightest 1 %", fill: "var(--s2)" },
						]}
					>
						<span class="bad">below the line: missed</span>
					</Legend>
				}
			>
				<Chart
					{...chart}
					label="Time left until the deadline when the result was there"
					data={[
						times,
						seconds.map(({ slackMs }) => slackMs?.p50 ?? null),
						seconds.map(({ slackMs }) => slackMs?.p1 ?? null),
					]}
					series={[
						{ label: "median", stroke: "--s1", isFilled: true },
						{ label: "tightest", stroke: "--s2" },
					]}
					mark={0}
					range={(low, high) => [
						Math.min(0, low) * 1.1 - 1,
						Math.max(high, 1) * 1.1,
					]}
					format={msTick}
				/>
			</Panel>
			<StreamTable streams={[...streams.values()]} />
			<SensorsPanel />
			<ReasonsPanel pipeline={pipeline} />
		</div>
	);
}

function StreamTable({
	streams,
}: {
	readonly streams: readonly StreamEntry[];
}) {
	return (
		<Panel
			class="stream-table"
			title="Open streams"
			flush
			aside={<span class="num">{count(streams.length)}</span>}
		>
			{streams.length === 0 ? (
				<Empty>
					<span>No stream is open.</span>
					<code>saccade drive</code>
				</Empty>
			) : (
				<table class="grid">
					<thead>
						<tr>
							<th class="left">Stream</th>
							<th class="left">Pipeline</th>
							<th class="left">QoS</th>
							<th>Budget</th>
							<th>Running</th>
							<th>Waiting</th>
							<th>Credit</th>
							<th>Frames</th>
							<th class="left outcome-cell">Outcomes</th>
						</tr>
					</thead>
					<tbody>
						{streams.map((stream) => (
							<tr key={stream.id}>
								<td class="left">
									<span class="mono dim">{stream.id}</span>{" "}
									<span class="clip name-cell" title={stream.name}>
										{stream.name || stream.peer}
									</span>
								</td>
								<td class="left mono">{stream.pipeline}</td>
								<td class="left dim">
									{stream.dropPolicy} {stream.depth}, {stream.reliability}
								</td>
								<td class="num">{ms(stream.latencyBudgetMs)}</td>
								<td class="num">
									{stream.running}
									<span class="dim">/{stream.maxInFlight}</span>
								</td>
								<td class="num">{stream.waiting}</td>
								<td class="num">{stream.credit}</td>
								<td class="num">{count(stream.received)}</td>
								<td class="left outcome-cell">
									<StackBar
										label={`Outcomes of ${stream.id}`}
										parts={outcomeParts(stream.outcomes)}
									/>
								</td>
							</tr>
						))}
					</tbody>
				</table>
			)}
		</Panel>
	);
}
