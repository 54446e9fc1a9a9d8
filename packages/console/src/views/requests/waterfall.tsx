// Where each microsecond went: the stages of a frame and of the requests that it made, on one axis, with the deadline and
// what was decided when.
import { us } from "../../data/format.ts";
import { Chip, Panel } from "../../ui/panel.tsx";
import { axisEndUs } from "./time-axis.ts";
import type { TraceRecord } from "./trace.ts";

const FILLS: Readonly<Record<string, string>> = {
	queue: "var(--s2)",
	receive: "var(--o-SUPERSEDED)",
	align: "var(--o-SHED)",
	gather: "var(--s3)",
	run: "var(--s1)",
	split: "var(--s4)",
	encode: "var(--s6)",
};

export function Waterfall({
	records,
}: {
	readonly records: readonly TraceRecord[];
}) {
	const [first] = records;
	if (first === undefined) return null;
	const originUs = first.startUnixUs;
	const endUs = axisEndUs(records);
	const scale = { originUs, endUs };
	return (
		<Panel
			title={`${first.name} ${first.version === "" ? "" : `v${first.version}`}`}
			class="explanation"
			aside={
				<>
					<Chip tone={first.isMissed ? "bad" : "none"}>
						{first.outcome.toLowerCase()}
						{first.reason !== null && `: ${first.reason.replaceAll("-", " ")}`}
					</Chip>
					<span class="num">
						{us(first.durationUs)}
						{first.deadlineUs !== null && ` of ${us(first.deadlineUs)}`}
					</span>
				</>
			}
		>
			<div class="stack">
				{first.detail !== "" && <p>{first.detail}</p>}
				<div class="waterfall">
					<Axis endUs={endUs} />
					{records.map((record) => (
						<Bars key={record.spanId} record={record} scale={scale} />
					))}
				</div>
				<Decisions records={records} originUs={originUs} />
				<dl class="facts">
					<dt>Trace</dt>
					<dd class="mono">{first.traceId}</dd>
					{Object.entries(first.attributes).map(([name, value]) => (
						<>
							<dt key={`${name} name`}>{name}</dt>
							<dd key={name} class="mono">
								{String(value)}
							</dd>
						</>
					))}
				</dl>
			</div>
		</Panel>
	);
}

interface Scale {
	readonly originUs: number;
	readonly endUs: number;
}

function Axis({ endUs }: { readonly endUs: number }) {
	return (
		<div class="waterfall-row waterfall-axis">
			<span />
			<div>
				{[0, 0.25, 0.5, 0.75, 1].map((share) => (
					<span key={share} class="num dim" style={{ left: `${100 * share}%` }}>
						{us(share * endUs)}
					</span>
				))}
			</div>
		</div>
	);
}

function Bars(props: { readonly record: TraceRecord; readonly scale: Scale }) {
	const { record, scale } = props;
	const offsetUs = record.startUnixUs - scale.originUs;
	const place = (startUs: number, durationUs: number) => ({
		left: `${(100 * (offsetUs + startUs)) / scale.endUs}%`,
		width: `${Math.max(0.2, (100 * durationUs) / scale.endUs)}%`,
	});
	const { batch, deadlineUs } = record;
	return (
		<>
			<div class="waterfall-row waterfall-head">
				<b class="clip" title={record.name}>
					{record.name}
				</b>
				<div>
					<i
						class="waterfall-all"
						style={place(0, record.durationUs)}
						title={us(record.durationUs)}
					/>
					{deadlineUs !== null && (
						<Deadline
							deadlineUs={deadlineUs}
							share={(offsetUs + deadlineUs) / scale.endUs}
						/>
					)}
				</div>
				<span class="num">{us(record.durationUs)}</span>
			</div>
			{record.stages.map((stage) => (
				<div
					class="waterfall-row"
					key={`${stage.name} ${stage.startUs}`}
					title={`${stage.name}: ${us(stage.durationUs)}, from ${us(stage.startUs)}`}
				>
					<span class="clip dim">{stage.name}</span>
					<div>
						<i
							style={{
								...place(stage.startUs, stage.durationUs),
								"--fill": FILLS[stage.name] ?? "var(--s1)",
							}}
						/>
					</div>
					<span class="num">{us(stage.durationUs)}</span>
				</div>
			))}
			{batch !== null && (
				<p class="waterfall-batch dim">
					in a batch of {counted(batch.rows, "row")} from{" "}
					{counted(batch.requestCount, "request")} on {batch.device}, lane{" "}
					{batch.lane}; closed: {batch.closedBecause}
					{batch.predictedUs > 0 &&
						`; predicted ${us(batch.predictedUs)}, was ${us(batch.actualUs)}`}
				</p>
			)}
		</>
	);
}

/** @param props.share of the axis; above 1 it is beyond, and marked at the edge */
function Deadline(props: {
	readonly deadlineUs: number;
	readonly share: number;
}) {
	const { deadlineUs, share } = props;
	const isBeyond = share > 1;
	const text = `deadline ${us(deadlineUs)}`;
	return (
		<>
			<i
				class={`waterfall-deadline${isBeyond ? " beyond" : ""}`}
				style={{ left: `${100 * Math.min(share, 1)}%` }}
				title={isBeyond ? `${text}, beyond the axis` : text}
			/>
			{isBeyond && <span class="waterfall-beyond num">{text} ▸</span>}
		</>
	);
}

function counted(count: number, what: string): string {
	return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function Decisions(props: {
	readonly records: readonly TraceRecord[];
	readonly originUs: number;
}) {
	const { records, originUs } = props;
	const all = records
		.flatMap((record) =>
			record.decisions.map((decision) => ({
				...decision,
				atUs: record.startUnixUs - originUs + decision.atUs,
			})),
		)
		.sort((a, b) => a.atUs - b.atUs);
	if (all.length === 0) return null;
	return (
		<ol class="decided">
			{all.map((decision) => (
				<li key={`${decision.kind} ${decision.atUs} ${decision.text}`}>
					<span class="num dim">{us(decision.atUs)}</span>
					<b>
						{decision.kind.replaceAll("-", " ")}: {decision.because}
					</b>
					<span class="dim">{decision.text}</span>
				</li>
			))}
		</ol>
	);
}
