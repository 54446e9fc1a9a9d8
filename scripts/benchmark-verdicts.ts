// What the benches were held to, in one list: each row of a results file that says whether its target is met.
import { cell, isRow, type Row } from "./benchmark-cells.ts";

export interface Verdict {
	/** Name of the results file. */
	readonly result: string;
	readonly what: string;
	readonly target: string;
	readonly measured: string;
	readonly met: boolean;
}

// What the benches call the subject of a row, and what they measured of it.
const SUBJECTS = ["claim", "what", "workload", "id", "row", "name"];
const MEASURED = ["measured", "value", "ours", "measuredUs"];

/** In the order of the file; a row whose target could not be measured is not judged. */
export function verdictsOf(result: string, body: Row): Verdict[] {
	return Object.values(body).flatMap((list) =>
		Array.isArray(list)
			? list.filter(isRow).flatMap((row) => verdictsOfRow(result, row))
			: [],
	);
}

function verdictsOfRow(result: string, row: Row): Verdict[] {
	const what = cell(row[SUBJECTS.find((name) => name in row) ?? ""]);
	const { targets } = row;
	if (Array.isArray(targets))
		return targets
			.filter(isRow)
			.flatMap((one) => verdictsOfRow(result, { id: what, ...one }));
	const met = isMet(row);
	if (met === null) return [];
	return [
		{ result, what, target: targetOf(row), measured: measuredOf(row), met },
	];
}

/** Most benches say it themselves; the others give a limit, or the least ratio. Null: the row is held to nothing. */
function isMet({ met, limit, target, measured, ratio }: Row): boolean | null {
	if (typeof met === "boolean") return met;
	if (typeof limit === "number" && isRow(measured))
		return Number(measured["high"]) <= limit;
	if (typeof target === "number" && isRow(ratio))
		return Number(ratio["low"]) >= target;
	return null;
}

function targetOf({ target, limit, budgetUs, unit }: Row): string {
	if (typeof limit === "number") return `≤ ${cell(limit)} ${cell(unit)}`;
	if (typeof target === "number") return `ratio ≥ ${cell(target)}`;
	return target === undefined ? `≤ ${cell(budgetUs)} µs` : cell(target);
}

/** A claim is held to its ratio, to the baseline or to ours; its target says to which. */
function measuredOf(row: Row): string {
	const target = targetOf(row);
	if (target.startsWith("ratio"))
		return `${cell(row["ratio"])} ${cell(row["interval"])}`.trimEnd();
	if (target.startsWith("baseline")) return cell(row["baseline"]);
	return cell(row[MEASURED.find((name) => name in row) ?? ""]);
}
