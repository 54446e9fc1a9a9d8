// `npm run bench -- NAME [args]`: runs bench/NAME/run.ts. `--list` names them.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const home = dirname(fileURLToPath(import.meta.url));
const benches = readdirSync(home).filter((name) =>
	existsSync(join(home, name, "run.ts")),
);
const [name] = process.argv.slice(2);

if (name === "--list" || name === undefined) {
	for (const bench of benches) console.log(bench);
} else if (benches.includes(name)) {
	await import(pathToFileURL(join(home, name, "run.ts")).href);
} else {
	console.error(`no bench '${name}'; there are ${benches.join(", ")}`);
	process.exitCode = 2;
}
