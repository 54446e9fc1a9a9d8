// An explanation as text: when each stage was, how long, a bar on the record's time, and the decisions in between.
import type {
	TraceExplanation,
	TraceSummary,
} from "../../service/trace-service.ts";
import type { TraceRecord } from "../../telemetry/tracing/trace-record.ts";
import { formatTable } from "../table.ts";

const BAR_WIDTH = 40;

export function renderExplanation({
	traceId,
	records,
}: TraceExplanation): string {
	return [
		`trace ${traceId}`,
		...records.map((record) => renderRecord(record)),
	].join("\n\n");
}

export function renderList(traces: readonly TraceSummary[]): string {
	if (traces.length === 0) return "nothing is kept yet";
	const rows = traces.map((one) => [
		one.traceId,
		one.kind,
		one.name,
		one.outcome + (one.reason === null ? "" : ` ${one.reason}`),
		ms(one.durationUs),
		one.deadlineUs === null ? "-" : ms(one.deadlineUs),
		one.longestStage === null
			? "-"
			: `${one.longestStage.name} ${ms(one.longestStage.durationUs)}`,
		new Date(one.startUnixUs / 1000).toISOString(),
	]);
	const heading = ["trace", "", "of", "outcome", "ms", "deadline", "longest"];
	return formatTable([[...heading, "began"], ...rows]);
}

function renderRecord(record: TraceRecord): string {
	const { stages, decisions, durationUs } = record;
	const rows = stages.map(({ name, startUs, durationUs: us }) => [
		`  ${name}`,
		ms(startUs),
		ms(us),
		durationUs === 0 ? "-" : `${((100 * us) / durationUs).toFixed(1)} %`,
		bar(startUs, us, durationUs),
	]);
	const table = formatTable([["  stage", "at ms", "ms", "share", ""], ...rows]);
	const why = decisions.map(
		({ kind, because, atUs, text }) =>
			`  ${ms(atUs)} ms  ${kind} (${because}): ${text}`,
	);
	const about = Object.entries(record.attributes).map(
		([name, value]) => `${name} ${value}`,
	);
	return [
		heading(record),
		...(about.length > 0 ? [`  ${about.join(", ")}`] : []),
		...(stages.length > 0 ? [table] : []),
		...(why.length > 0 ? ["  decisions", ...why] : []),
	].join("\n");
}

function heading(record: TraceRecord): string {
	const { kind, name, version, outcome, reason, durationUs, deadlineUs } =
		record;
	const of = version === "" ? name : `${name} version ${version}`;
	const end = reason === null ? outcome : `${outcome} (${reason})`;
	const slackUs = (deadlineUs ?? 0) - durationUs;
	const deadline =
		deadlineUs === null
			? "no deadline"
			: slackUs >= 0
				? `${ms(slackUs)} ms before its deadline`
				: `${ms(-slackUs)} ms after its deadline`;
	return `${kind} of ${of}: ${end} after ${ms(durationUs)} ms, ${deadline}`;
}

/** Where in the record's time a stage is; what is short is seen at least. */
function bar(startUs: number, us: number, wholeUs: number): string {
	if (!(wholeUs > 0)) return "";
	const from = Math.min(
		BAR_WIDTH - 1,
		Math.max(0, Math.floor((BAR_WIDTH * startUs) / wholeUs)),
	);
	const length = Math.max(1, Math.round((BAR_WIDTH * us) / wholeUs));
	return " ".repeat(from) + "█".repeat(Math.min(length, BAR_WIDTH - from));
}

function ms(us: number): string {
	return (us / 1000).toFixed(3);
}
