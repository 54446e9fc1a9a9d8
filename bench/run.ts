// `npm run bench -- NAME [args]`: runs bench/NAME/run.ts. `--list` names them, `NAME --help` tells their options.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { showUsage, type Usage, unknownOption } from "./lib/usage.ts";

const home = dirname(fileURLToPath(import.meta.url));
const benches = readdirSync(home).filter((name) =>
	existsSync(join(home, name, "run.ts")),
);
const [name, ...args] = process.argv.slice(2);

const moduleOf = (bench: string, file: string) =>
	import(pathToFileURL(join(home, bench, file)).href);

async function usageOf(bench: string): Promise<Usage> {
	return ((await moduleOf(bench, "usage.ts")) as { usage: Usage }).usage;
}

async function runBench(bench: string): Promise<void> {
	const usage = await usageOf(bench);
	const unknown = unknownOption(args, usage);
	if (unknown === "--help") {
		console.log(showUsage(bench, usage));
	} else if (unknown !== null) {
		console.error(`unknown option ${unknown}\n\n${showUsage(bench, usage)}`);
		process.exitCode = 2;
	} else {
		await moduleOf(bench, "run.ts");
	}
}

if (name === undefined || name === "--list" || name === "--help") {
	for (const bench of benches)
		console.log(`${bench.padEnd(8)} ${(await usageOf(bench)).summary}`);
} else if (benches.includes(name)) {
	await runBench(name);
} else {
	console.error(`no bench '${name}'; there are ${benches.join(", ")}`);
	process.exitCode = 2;
}
