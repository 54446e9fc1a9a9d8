// The hot paths one by one: `npm run bench -- micro [REGEX] [--rounds 5] [--seconds 0.2]`. Rounds interleave the cases.
// Steps run alone and warm: a whole request costs more than the sum of its parts, and is measured beside them.
// To see where a case's time goes: node --cpu-prof -C source bench/run.ts micro NAME
import { benchArguments } from "../lib/arguments.ts";
import { writeResults } from "../lib/report.ts";
import { CASES } from "./cases.ts";
import { derive } from "./derived.ts";
import { measureCases } from "./measure.ts";
import {
	budgetLines,
	caseLines,
	showBudget,
	showCases,
	showDerived,
} from "./summary.ts";

const { pattern } = benchArguments;
const roundCount = benchArguments.number("--rounds", 5);
const secondsPerRound = benchArguments.number("--seconds", 0.2);

const chosen = CASES.filter(({ name }) => pattern.test(name));
const measured = await measureCases(chosen, { roundCount, secondsPerRound });
const budget = budgetLines(measured);
const cases = caseLines(measured);
const derived = derive(measured);
console.log(showCases(cases));
console.log(`\n${showBudget(budget)}\n\n${showDerived(derived)}`);

if (chosen.length === CASES.length)
	console.log(
		writeResults(
			"micro",
			`npm run bench -- micro --rounds ${roundCount} --seconds ${secondsPerRound}`,
			{ rounds: roundCount, seconds: secondsPerRound, budget, derived, cases },
		),
	);
