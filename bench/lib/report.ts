// Writes a results file and prints a table. One file per bench, overwritten: history is git's.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { machineFacts } from "./machine.ts";
import type { Interval } from "./stats.ts";

const results = join(
	dirname(dirname(fileURLToPath(import.meta.url))),
	"results",
);

/** Writes `bench/results/NAME.json` with the machine's facts and the command that made it. */
export function writeResults(
	name: string,
	command: string,
	body: Readonly<Record<string, unknown>>,
): string {
	mkdirSync(results, { recursive: true });
	const file = join(results, `${name}.json`);
	const text = JSON.stringify(
		{ machine: machineFacts(command), ...body },
		null,
		"\t",
	);
	writeFileSync(file, `${text}\n`);
	return file;
}

/** A Markdown table, columns as wide as their widest cell. */
export function table(
	header: readonly string[],
	rows: readonly (readonly string[])[],
): string {
	const widths = header.map((title, column) =>
		Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
	);
	const line = (cells: readonly string[]) =>
		`| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
	const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
	return [line(header), rule, ...rows.map(line)].join("\n");
}

/** `median [low, high]` */
export function showInterval(
	{ median, low, high }: Interval,
	digits = 0,
): string {
	return `${median.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}
