// Measured cases → the budget beside what was measured, and every case by itself.
import { showInterval, table } from "../lib/report.ts";
import { type Interval, interval } from "../lib/stats.ts";
import { BUDGET_ROWS, BUDGET_US, type BudgetRow } from "./budget.ts";
import type { Derived } from "./derived.ts";
import type { MeasuredCase, Timing } from "./measure.ts";

export interface BudgetLine {
	readonly row: BudgetRow;
	readonly budgetUs: number;
	/** Sum of the row's cases, round by round; null when none of them ran. */
	readonly measuredUs: Interval | null;
	readonly cases: readonly string[];
	/** By the whole interval. */
	readonly met: boolean | null;
}

export interface CaseLine {
	readonly name: string;
	readonly budgetRow: BudgetRow | null;
	readonly requestCount: number;
	/** Per request, in µs. */
	readonly meanUs: Interval;
	readonly p50Us: Interval;
	readonly p99Us: Interval;
	readonly allocatedBytes: Interval;
}

export function budgetLines(measured: readonly MeasuredCase[]): BudgetLine[] {
	return BUDGET_ROWS.map((row) => {
		const parts = measured.filter(({ case: { budget } }) => budget === row);
		const budgetUs = BUDGET_US[row];
		const measuredUs = parts.length === 0 ? null : interval(sumByRound(parts));
		return {
			row,
			budgetUs,
			measuredUs,
			cases: parts.map((part) => part.case.name),
			met: measuredUs === null ? null : measuredUs.high <= budgetUs,
		};
	});
}

function sumByRound(parts: readonly MeasuredCase[]): number[] {
	const rounds = parts[0]?.rounds ?? [];
	return rounds.map((_, round) =>
		parts.reduce((sum, part) => sum + (part.rounds[round]?.meanUs ?? 0), 0),
	);
}

export function caseLines(measured: readonly MeasuredCase[]): CaseLine[] {
	return measured.map(({ case: of, rounds }) => {
		const column = (key: keyof Timing) =>
			interval(rounds.map((timing) => timing[key]));
		return {
			name: of.name,
			budgetRow: of.budget,
			requestCount: of.requestCount,
			meanUs: column("meanUs"),
			p50Us: column("p50Us"),
			p99Us: column("p99Us"),
			allocatedBytes: column("allocatedBytes"),
		};
	});
}

export function showBudget(lines: readonly BudgetLine[]): string {
	const measured = lines.flatMap(({ measuredUs }) => measuredUs ?? []);
	const sum = (values: readonly number[]) =>
		values.reduce((total, value) => total + value, 0);
	return table(
		["budget row", "budget µs", "measured µs", "within", "cases"],
		[
			...lines.map((line) => [
				line.row,
				line.budgetUs.toFixed(1),
				line.measuredUs === null ? "" : showInterval(line.measuredUs, 2),
				line.met === null ? "" : line.met ? "yes" : "no",
				line.cases.join(", "),
			]),
			[
				"all rows",
				sum(lines.map(({ budgetUs }) => budgetUs)).toFixed(1),
				sum(measured.map(({ median }) => median)).toFixed(2),
				"",
				"",
			],
		],
	);
}

export function showDerived(derived: Derived): string {
	const line = (what: string, us: Interval | null) =>
		`${what}: ${us === null ? "not measured" : `${showInterval(us, 2)} µs`}`;
	return [
		line(
			"whole request in memory, wall time, without the kernel",
			derived.wholeRequestUs,
		),
		line(
			"wire with the kernel, by the last bench wire",
			derived.wireWithKernelUs,
		),
		line("hop to another thread and back", derived.offloadHopUs),
	].join("\n");
}

export function showCases(lines: readonly CaseLine[]): string {
	return table(
		["case", "budget row", "µs/request, mean", "p50", "p99", "bytes allocated"],
		lines.map((line) => [
			line.name,
			line.budgetRow ?? "",
			showInterval(line.meanUs, 3),
			line.p50Us.median.toFixed(3),
			line.p99Us.median.toFixed(3),
			line.allocatedBytes.median.toFixed(0),
		]),
	);
}
