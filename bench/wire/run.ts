// The wire alone, one thread, fixed answer: our HTTP/2 read through one reused buffer, the same by plain `data`
// events, and node:http2.
//   npm run bench -- wire [REGEX] [--rounds 5] [--seconds 2] [--profile DIRECTORY]
// Rounds interleave the servers, each fresh in a process of its own. With --profile every server writes a CPU
// profile, which costs time: nothing is recorded then.
import { benchArguments } from "../lib/arguments.ts";
import { writeResults } from "../lib/report.ts";
import { H2LOAD_MISSING, hasH2load } from "../load/h2load.ts";
import type { LoadWindow } from "../load/measure.ts";
import { casesFor } from "./cases.ts";
import { measureRound } from "./measure.ts";
import { showRows, summarise } from "./summary.ts";
import { VARIANTS, type Variant } from "./variants.ts";

const { pattern } = benchArguments;
const roundCount = benchArguments.number("--rounds", 5);
const seconds = benchArguments.number("--seconds", 2);
const profileTo = benchArguments.text("--profile");

const withH2load = hasH2load();
if (!withH2load)
	console.log(`${H2LOAD_MISSING}: the client of bench/load stands in for it`);

const rows = [];
for (const wire of casesFor(pattern, withH2load)) {
	const rounds: Record<Variant, LoadWindow[]> = {
		"reused-buffer": [],
		"data-events": [],
		"node-http2": [],
	};
	for (let round = 0; round < roundCount; round++)
		for (const variant of VARIANTS)
			rounds[variant].push(
				await measureRound(wire, variant, { seconds, profileTo }),
			);
	const measured = summarise(wire, rounds);
	rows.push(...measured);
	console.log(`${wire.id}: done`);
}
console.log(showRows(rows));

const isWhole = pattern.source === "(?:)" && profileTo === null;
if (isWhole)
	console.log(
		writeResults(
			"wire",
			`npm run bench -- wire --rounds ${roundCount} --seconds ${seconds}`,
			{ rounds: roundCount, seconds, workloads: rows },
		),
	);
