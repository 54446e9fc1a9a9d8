// The published claims; see usage.ts.
import { benchArguments } from "../lib/arguments.ts";
import { showInterval, table, writeResults } from "../lib/report.ts";
import type { Row } from "./claim.ts";
import { CLAIMS } from "./modules.ts";

const LEAST_TO_KEEP = { rounds: 5, seconds: 2 } as const;

const rounds = benchArguments.number("--rounds", LEAST_TO_KEEP.rounds);
const seconds = benchArguments.number("--seconds", LEAST_TO_KEEP.seconds);
const isJson = benchArguments.flag("--json");
const isKept =
	rounds >= LEAST_TO_KEEP.rounds && seconds >= LEAST_TO_KEEP.seconds;
// stdout is for rows alone.
const log = (text: string) => console.error(text);

const all: Row[] = [];
for (const { name, claim, run } of CLAIMS) {
	if (!benchArguments.pattern.test(name)) continue;
	log(`${name}: ${claim}`);
	const attached: Record<string, readonly object[]> = {};
	const attach = (table: string, lines: readonly object[]) => {
		attached[table] = lines;
	};
	const rows = await run({ rounds, seconds, log, attach });
	all.push(...rows);
	const command = `npm run bench -- claims ${name} --rounds ${rounds} --seconds ${seconds}`;
	if (isKept)
		log(
			writeResults(`claims-${name}`, command, {
				rounds,
				seconds,
				claim,
				rows,
				...attached,
			}),
		);
}
console.log(isJson ? JSON.stringify(all, null, "\t") : showRows(all));

function showRows(rows: readonly Row[]): string {
	return table(
		["claim", "unit", "baseline", "ours", "ratio [95 %]", "target", "met"],
		rows.map((row) => [
			row.claim,
			row.unit,
			showInterval(row.baseline, 2),
			showInterval(row.ours, 2),
			showInterval({ median: row.ratio, ...row.interval }, 3),
			row.target,
			row.met === null ? "" : row.met ? "yes" : "no",
		]),
	);
}
