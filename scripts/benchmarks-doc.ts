// bench/results/*.json → docs/benchmarks.md. A result says where and how it was taken (bench/lib/report.ts), and has
// lists of rows whose cells are texts, numbers, intervals, targets and verdicts; each becomes a column.
import { table } from "../bench/lib/report.ts";
import type { BenchResult } from "./bench-results.ts";
import { cell, isRow, type Row, toWords } from "./benchmark-cells.ts";
import { type Verdict, verdictsOf } from "./benchmark-verdicts.ts";
import type { Plot } from "./plots/plots.ts";

/** A longer list is folded: sweeps and single cases are for those who look for them. */
const MOST_ROWS_OPEN = 20;

export function renderBenchmarksDoc(
	results: ReadonlyMap<string, BenchResult>,
	plots: readonly Pick<Plot, "result" | "file" | "title">[] = [],
): string {
	return [
		"# Benchmarks",
		"",
		"What the benches in `bench/` last measured: medians with their 95 % intervals over the rounds. A target is met when the whole interval meets it. Generated from `bench/results/*.json` by `npm run docs`.",
		"",
		...renderVerdicts(
			[...results].flatMap(([name, result]) => verdictsOf(name, result)),
		),
		...[...results].flatMap(([name, result]) => [
			...renderResult(name, result),
			...plots
				.filter((plot) => plot.result === name)
				.flatMap(({ file, title }) => [`![${title}](plots/${file})`, ""]),
		]),
	].join("\n");
}

/** First what is not met: that is what one asks of a page of numbers. */
function renderVerdicts(verdicts: readonly Verdict[]): string[] {
	if (verdicts.length === 0) return [];
	const missed = verdicts.filter(({ met }) => !met);
	const metCount = verdicts.length - missed.length;
	const rows = missed.map(({ result, what, target, measured }) => [
		`[${result}](#${result})`,
		what,
		target,
		measured,
	]);
	return [
		"## Targets",
		"",
		missed.length === 0
			? `All ${verdicts.length} are met.`
			: `${metCount} of ${verdicts.length} are met. These are not, or not by the whole interval:`,
		"",
		...(missed.length === 0
			? []
			: [table(["result", "what", "target", "measured"], rows), ""]),
	];
}

function renderResult(name: string, result: BenchResult): string[] {
	const { command, commit, date, cpu, cores, memoryGiB, os, node } =
		result.machine;
	return [
		`## ${name}`,
		"",
		`\`${command}\`, commit ${commit}, ${date}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, Node ${node}.`,
		"",
		...listsOf(result).flatMap(renderList),
	];
}

function renderList(rows: readonly Row[]): string[] {
	const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(
		(column) => rows.some((row) => cell(row[column]) !== ""),
	);
	const text = table(
		columns.map(toWords),
		rows.map((row) => columns.map((column) => cell(row[column]))),
	);
	if (rows.length <= MOST_ROWS_OPEN) return [text, ""];
	return [
		`<details><summary>${rows.length} rows</summary>`,
		"",
		text,
		"",
		"</details>",
		"",
	];
}

/** In the order of the file. */
function listsOf(result: BenchResult): Row[][] {
	return Object.values(result).filter(
		(value): value is Row[] =>
			Array.isArray(value) && value.length > 0 && value.every(isRow),
	);
}
