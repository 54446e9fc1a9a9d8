// Compiles every package from src/ to dist/: JavaScript with `.js` specifiers, declarations, and the generated code
// as it is. Tests and their support stay behind.
import { spawnSync } from "node:child_process";
import {
	cpSync,
	existsSync,
	readdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildConsole } from "./build-console.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packages = [
	"protocol",
	"client",
	"grpc",
	"foxglove",
	"perception",
	"drive",
	"server",
];

for (const name of packages) {
	const home = join(root, "packages", name);
	const dist = join(home, "dist");
	rmSync(dist, { recursive: true, force: true });
	const config = join(home, "tsconfig.build.json");
	writeFileSync(
		config,
		JSON.stringify({
			extends: "../../tsconfig.base.json",
			compilerOptions: {
				types: ["node"],
				noEmit: false,
				rootDir: "src",
				outDir: "dist",
				declaration: true,
				rewriteRelativeImportExtensions: true,
				allowImportingTsExtensions: false,
				// Packages before this one are built: their declarations are what users get.
				customConditions: [],
			},
			include: ["src"],
			exclude: ["src/**/*.test.ts", "src/**/test-support", "src/**/testing"],
		}),
	);
	const tsc = spawnSync(
		process.execPath,
		[join(root, "node_modules/typescript/bin/tsc"), "-p", config],
		{ cwd: home, stdio: "inherit" },
	);
	rmSync(config);
	if (tsc.status !== 0) process.exit(1);
	const generated = join(home, "src", "gen");
	if (existsSync(generated))
		cpSync(generated, join(dist, "gen"), { recursive: true });
	console.log(`${name}: ${readdirSync(dist).length} entries in dist`);
}

buildConsole();
console.log(
	`console: ${readdirSync(join(root, "packages", "console", "dist")).length} entries in dist`,
);
