import type { ModelEntry, TensorEntry } from "@saccade/protocol/console";
import { useState } from "preact/hooks";
import { admin, useAdmin } from "../../data/admin.ts";
import { count, msTick, rate, rateTick, shape, us } from "../../data/format.ts";
import { modelSamples } from "../../data/history.ts";
import { serverNowMs, useEntries } from "../../data/store.ts";
import { Chart } from "../../ui/chart.tsx";
import { Legend } from "../../ui/legend.tsx";
import { Empty, Panel, StackBar } from "../../ui/panel.tsx";
import { BatchSizes } from "./batch-sizes.tsx";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { StateChip } from "./state-chip.tsx";
import { SwapTimeline } from "./swap-timeline.tsx";
import { TryIt } from "./try-it.tsx";

type Serving = NonNullable<ModelEntry["serving"]>;

const SPAN_S = 120;

export function ModelDetail(props: {
	readonly id: string;
	readonly model: ModelEntry;
}) {
	const { id, model } = props;
	const { serving } = model;
	const samples = modelSamples(id);
	const nowS = serverNowMs() / 1000 - 1;
	const times = samples.map(({ atMs }) => atMs / 1000);
	const chart = { spanS: SPAN_S, nowS, height: 132 };
	return (
		<div class="stack model-detail">
			<Panel
				title={
					model.version === "" ? model.name : `${model.name} v${model.version}`
				}
				aside={
					<>
						<StateChip model={model} />
						<LoadControls model={model} />
					</>
				}
			>
				{serving === null ? (
					<p
						class={
							model.reason === "" || model.reason === "unloaded" ? "dim" : "bad"
						}
					>
						{model.reason === "" || model.reason === "unloaded"
							? "It is not in service."
							: model.reason}
					</p>
				) : (
					<div class="two">
						<dl class="facts">
							<dt>Platform</dt>
							<dd class="mono">{serving.platform}</dd>
							<dt>Inputs</dt>
							<dd>
								<Tensors tensors={serving.inputs} />
							</dd>
							<dt>Outputs</dt>
							<dd>
								<Tensors tensors={serving.outputs} />
							</dd>
						</dl>
						<dl class="facts">
							<dt>Answered</dt>
							<dd class="num">{count(serving.requests)}</dd>
							<dt>Not answered</dt>
							<dd class={`num ${serving.failures > 0 ? "warn" : ""}`}>
								{count(serving.failures)} <NotAnswered serving={serving} />
							</dd>
							<dt>Runs</dt>
							<dd class="num">
								{count(serving.runs)},{" "}
								{rate(serving.rows / Math.max(1, serving.runs))} rows each
							</dd>
							<dt>Waiting now</dt>
							<dd class="num">{count(serving.pending)}</dd>
						</dl>
					</div>
				)}
			</Panel>
			{serving !== null && (
				<>
					<div class="two">
						<Panel title="Requests a second">
							<Chart
								{...chart}
								label={`Requests a second of ${model.name}`}
								data={[
									times,
									samples.map(({ requestsPerS }) => requestsPerS),
									samples.map(({ failuresPerS }) => failuresPerS),
								]}
								series={[
									{ label: "answered", stroke: "--s1", isFilled: true },
									{ label: "not answered", stroke: "--o-FAILED" },
								]}
								format={rateTick}
							/>
						</Panel>
						<Panel
							title="Latency"
							aside={
								<Legend
									entries={[
										{ label: "p50", fill: "var(--s1)" },
										{ label: "p99", fill: "var(--s2)" },
									]}
								/>
							}
						>
							<Chart
								{...chart}
								label={`Latency of ${model.name}`}
								data={[
									times,
									samples.map(({ p50Ms }) => p50Ms),
									samples.map(({ p99Ms }) => p99Ms),
								]}
								series={[
									{ label: "p50", stroke: "--s1", isFilled: true },
									{ label: "p99", stroke: "--s2" },
								]}
								format={msTick}
							/>
						</Panel>
					</div>
					<div class="two">
						<Panel title="Where the time went" aside={<span>means</span>}>
							<TimeSplit serving={serving} />
						</Panel>
						<Panel title="Batches" aside={<ClosedBecause serving={serving} />}>
							<BatchSizes batches={serving.batches} />
						</Panel>
					</div>
					<TryIt model={model} serving={serving} />
				</>
			)}
			<SwapTimeline model={model.name} />
		</div>
	);
}

function Tensors({ tensors }: { readonly tensors: readonly TensorEntry[] }) {
	return (
		<>
			{tensors.map(({ name, datatype, shape: sizes }) => (
				<div key={name} class="mono tensor">
					{name}{" "}
					<span class="dim">
						{datatype} {shape(sizes)}
					</span>
				</div>
			))}
		</>
	);
}

function NotAnswered({ serving }: { readonly serving: Serving }) {
	const why = Object.entries(serving.outcomes).filter(
		([outcome, value]) => outcome !== "RESULT" && value > 0,
	);
	return (
		<span class="dim">
			{why
				.map(([outcome, value]) => `${outcome.toLowerCase()} ${count(value)}`)
				.join(", ")}
		</span>
	);
}

function TimeSplit({ serving }: { readonly serving: Serving }) {
	const { requests, queueUs, inputUs, inferUs, outputUs, totalUs } = serving;
	if (requests === 0) return <Empty>No request was answered yet.</Empty>;
	const spentUs = queueUs + inputUs + inferUs + outputUs;
	const allUs = Math.max(totalUs, spentUs, 1);
	const parts = [
		["queue", queueUs, "var(--s2)"],
		["gather", inputUs, "var(--s3)"],
		["run", inferUs, "var(--s1)"],
		["split", outputUs, "var(--s4)"],
		["rest", allUs - spentUs, "var(--o-CANCELLED)"],
	] as const;
	return (
		<div class="time-split">
			<StackBar
				label="Mean time of a request"
				parts={parts.map(([label, value, fill]) => ({ label, value, fill }))}
			/>
			<table class="grid">
				<tbody>
					{parts.map(([label, value, fill]) => (
						<tr key={label}>
							<td class="left">
								<i
									class="swatch"
									style={{ "--fill": fill, marginRight: "8px" }}
								/>
								{label}
							</td>
							<td class="num">{us(value)}</td>
							<td class="num dim">{((100 * value) / allUs).toFixed(1)} %</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

function ClosedBecause({ serving }: { readonly serving: Serving }) {
	const sorted = Object.entries(serving.closedBecause)
		.filter(([, value]) => value > 0)
		.sort(([, a], [, b]) => b - a)
		.slice(0, 3);
	return (
		<span class="clip">
			{sorted.length > 0 &&
				`closed: ${sorted.map(([because, value]) => `${because} ${count(value)}`).join(", ")}`}
		</span>
	);
}

function LoadControls({ model }: { readonly model: ModelEntry }) {
	const about = useEntries("server").get("about");
	const { isAdmin } = useAdmin();
	const [asked, setAsked] = useState<"load" | "unload" | null>(null);
	if (about?.kind !== "about" || !about.canLoad || !isAdmin) return null;
	const isServing = model.serving !== null;
	const path = `/v2/repository/models/${encodeURIComponent(model.name)}`;
	return (
		<>
			<button type="button" class="button" onClick={() => setAsked("load")}>
				{isServing ? "Reload" : "Load"}
			</button>
			{isServing && (
				<button
					type="button"
					class="button danger"
					onClick={() => setAsked("unload")}
				>
					Unload
				</button>
			)}
			{asked !== null && (
				<ConfirmDialog
					title={
						asked === "unload" ? `Unload ${model.name}?` : `Load ${model.name}?`
					}
					text={
						asked === "unload"
							? "Requests under way are finished; new ones are refused from then on."
							: "It is read from the repository, warmed, and takes over when it is ready. If that fails, what serves now goes on."
					}
					action={asked === "unload" ? "Unload" : "Load"}
					isDangerous={asked === "unload"}
					onConfirm={() => admin.post(`${path}/${asked}`, {})}
					onClose={() => setAsked(null)}
				/>
			)}
		</>
	);
}
