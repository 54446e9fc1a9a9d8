// What the README shows runs, and the defaults that it tells hold.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const directory = join(import.meta.dirname, "..");
const readme = readFileSync(join(directory, "README.md"), "utf8");

for (const [, code = ""] of readme.matchAll(/^```ts run\n(.*?)^```$/gms))
	test("the example of the README runs", () => {
		const { status, stdout, stderr } = spawnSync(
			process.execPath,
			["-C", "source", "--input-type=module-typescript", "-e", code],
			{ cwd: directory, encoding: "utf8", timeout: 30_000 },
		);
		assert.equal(status, 0, stderr);
		assert.match(
			stdout,
			/^\d+ \{ viewerCount: 0, channelCount: 1, lostCount: 0 \}/,
		);
	});

test("its defaults are those of the code", () => {
	const source = readFileSync(join(directory, "src", "server.ts"), "utf8");
	const UNITS = { MiB: "* 1024 * 1024", s: "_000" } as const;
	const told = [
		...readme.matchAll(
			/`(max\w+|silenceMs)` \((\d+)(?: (MiB|s))?\)|`(silenceMs)` \((\d+) s\)/g,
		),
	];
	assert.ok(told.length >= 4);
	for (const [, name, amount, unit] of told) {
		const rest = unit === undefined ? "" : UNITS[unit as keyof typeof UNITS];
		const value =
			`${amount}${rest.startsWith("*") ? ` ${rest}` : rest}`.replace(
				"1 * 1024 * 1024",
				"1024 * 1024",
			);
		assert.ok(source.includes(`\t${name}: ${value},`), `${name} ${value}`);
	}
});
