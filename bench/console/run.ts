// How soon the console is there, and how smoothly it draws; see usage.ts.
import { benchArguments } from "../lib/arguments.ts";
import { showInterval, table, writeResults } from "../lib/report.ts";
import { type Interval, interval } from "../lib/stats.ts";
import { measureRound } from "./measure.ts";

const ROUNDS = 5;
const SECONDS = 5;
const rounds = benchArguments.number("--rounds", ROUNDS);
const seconds = benchArguments.number("--seconds", SECONDS);

interface Target {
	readonly text: string;
	readonly isMet: (measured: Interval) => boolean;
}

const TARGETS: Readonly<Record<string, Target>> = {
	"load/time": {
		text: "< 1000 ms",
		isMet: ({ high }) => high < 1000,
	},
	"load/transferred": {
		text: "< 400 kB",
		isMet: ({ high }) => high < 400,
	},
	"fps/cloud": { text: "≥ 30", isMet: ({ low }) => low >= 30 },
	"fps/streams": { text: "60", isMet: ({ low }) => low >= 59.5 },
};

const UNITS: Readonly<Record<string, string>> = {
	"load/time": "ms",
	"load/transferred": "kB",
};

const samples = new Map<string, number[]>();
for (let round = 0; round < rounds; round++)
	for (const [id, value] of await measureRound(seconds))
		samples.set(id, [...(samples.get(id) ?? []), value]);

const rows = [...samples].map(([id, values]) => ({
	id,
	measured: interval(values),
	unit: UNITS[id] ?? "/s",
}));
const shown = rows.filter(({ id }) => benchArguments.pattern.test(id));
console.log(
	table(
		["what", "measured", "target", "met"],
		shown.map(({ id, measured, unit }) => [
			id,
			`${showInterval(measured, 1)} ${unit}`,
			TARGETS[id]?.text ?? "",
			TARGETS[id] === undefined
				? ""
				: TARGETS[id].isMet(measured)
					? "yes"
					: "no",
		]),
	),
);
if (rounds === ROUNDS && seconds === SECONDS && shown.length === rows.length)
	console.log(writeResults("console", "npm run bench -- console", { rows }));
