// Prometheus and VictoriaMetrics as Debian packages them: from the PATH, else unpacked beside the checkout. Nothing is
// installed and no service is started.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const NAMES = [
	"prometheus",
	"promtool",
	"victoria-metrics",
	"vmalert",
] as const;
const PACKAGES = ["prometheus", "victoria-metrics"];
const cache = fileURLToPath(new URL("../../.cache/debian", import.meta.url));

/** Paths of the programs. */
export type Tools = Readonly<Record<(typeof NAMES)[number], string>>;

/** Or why they are not there; that is an error with SACCADE_REQUIRE_TOOLS=1. */
export function findTools(): Tools | { readonly skip: string } {
	const found = findAll();
	if (found !== null) return found;
	const why = unpack();
	const unpacked = findAll();
	if (unpacked !== null) return unpacked;
	const skip = `Prometheus and VictoriaMetrics are not installed, and Debian's packages could not be had: ${why}`;
	assert.ok(process.env["SACCADE_REQUIRE_TOOLS"] !== "1", skip);
	return { skip };
}

function findAll(): Tools | null {
	const folders = [
		...(process.env["PATH"] ?? "").split(delimiter),
		join(cache, "usr", "bin"),
	];
	const entries = NAMES.map((name) => [
		name,
		folders
			.map((folder) => join(folder, name))
			.find((path) => existsSync(path)),
	]);
	return entries.every(([, path]) => path !== undefined)
		? (Object.fromEntries(entries) as Tools)
		: null;
}

/** @returns what went wrong, if anything */
function unpack(): string {
	mkdirSync(cache, { recursive: true });
	const run = (command: string, ...args: readonly string[]): string => {
		const done = spawnSync(command, args, { cwd: cache, encoding: "utf8" });
		return done.status === 0 ? "" : (done.error?.message ?? done.stderr);
	};
	// Lists may be missing or old on a bare machine.
	const problem =
		run("apt-get", "download", ...PACKAGES) &&
		(run("apt-get", "update") || run("apt-get", "download", ...PACKAGES));
	if (problem !== "") return problem.trim();
	for (const file of readdirSync(cache).filter((name) =>
		name.endsWith(".deb"),
	)) {
		const failure = run("dpkg-deb", "-x", file, ".");
		if (failure !== "") return failure.trim();
		rmSync(join(cache, file));
	}
	return "";
}
