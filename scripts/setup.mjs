// Makes a fresh clone ready: installs the locked dependencies and builds the console, and does nothing when both are
// current.
// Plain JavaScript for any Node 20+, because it runs before anything of ours is installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildConsole } from "./build-console.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, "node_modules", ".saccade-setup");
const lockHash = createHash("sha256")
	.update(readFileSync(join(root, "package-lock.json")))
	.digest("hex");

const current =
	existsSync(stampFile) &&
	readFileSync(stampFile, "utf8").trim() === lockHash &&
	existsSync(join(root, "node_modules", ".bin", "node"));

if (!current) {
	const major = Number(process.versions.node.split(".")[0]);
	if (major < 20) {
		console.error(
			`Saccade needs Node 20 or newer to set itself up; this is ${process.version}.`,
		);
		process.exit(1);
	}
	console.error("saccade: installing dependencies (once per lock file)…");
	const npm = process.platform === "win32" ? "npm.cmd" : "npm";
	const result = spawnSync(
		npm,
		["ci", "--no-audit", "--no-fund", "--loglevel=error"],
		{
			cwd: root,
			stdio: ["ignore", 2, 2],
			shell: process.platform === "win32",
			// The library inside the package is all that is used; see docs/decisions.
			env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" },
		},
	);
	if (result.status !== 0) {
		console.error(
			`saccade: "npm ci" failed (exit ${result.status ?? result.signal}). Run it by hand to see why.`,
		);
		process.exit(1);
	}
	writeFileSync(stampFile, `${lockHash}\n`);
}

try {
	buildConsole();
} catch (error) {
	// A server without it serves everything else, and says so at /.
	console.error(`saccade: ${error.message}`);
}
