// What the README shows runs, and its tables tell the defaults that hold.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { resolveLimits } from "../src/http2/limits.ts";
import { resolveOptions } from "../src/options.ts";

const directory = join(import.meta.dirname, "..");
const readme = readFileSync(join(directory, "README.md"), "utf8");

const examples = [...readme.matchAll(/^```ts run\n(.*?)^```$/gms)].map(
	([, code]) => code ?? "",
);

for (const [index, code] of examples.entries())
	test(`example ${index + 1} of the README runs`, () => {
		// A free port: something else may well listen on the one it shows.
		const { status, stderr } = spawnSync(
			process.execPath,
			[
				"-C",
				"source",
				"--input-type=module-typescript",
				"-e",
				code.replace("port: 50051", "port: 0"),
			],
			{ cwd: directory, encoding: "utf8", timeout: 30_000 },
		);
		assert.equal(status, 0, stderr);
	});

const UNITS: Readonly<Record<string, number>> = {
	KiB: 1024,
	MiB: 1024 ** 2,
	GiB: 1024 ** 3,
};
const SECONDS: Readonly<Record<string, number>> = { s: 1, h: 3600 };

/** A default as the table has it, in the unit of the option's name. */
function parseDefault(name: string, text: string): number | boolean {
	const [amount, unit] = text.split(" ");
	if (text === "true") return true;
	const value = Number(amount);
	if (unit === undefined) return value;
	const perSecond = name.endsWith("Us") ? 1e6 : 1e3;
	return value * (UNITS[unit] ?? (SECONDS[unit] ?? Number.NaN) * perSecond);
}

test("the README tells every limit and option, with the default that holds", () => {
	const told = Object.fromEntries(
		[...readme.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)]
			.filter(([, name]) => name !== undefined && !name.endsWith("Method"))
			.map(([, name = "", text = ""]) => [
				name,
				parseDefault(name, text.trim()),
			]),
	);
	const { methods, tls, limits, clock, ...options } = resolveOptions({
		methods: new Map(),
	});
	assert.deepEqual(told, { ...options, ...resolveLimits() });
});
