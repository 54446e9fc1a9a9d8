// The shipped configuration, judged by the programs that read it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { SHIPPED } from "./stores.ts";
import { findTools } from "./tools.ts";

const tools = findTools();
const skip = "skip" in tools ? tools.skip : false;
const prometheus = join(SHIPPED, "prometheus");
const rules = readdirSync(join(prometheus, "rules")).map((name) =>
	join(prometheus, "rules", name),
);

function run(
	program: "promtool" | "vmalert" | "victoria-metrics",
	...args: readonly string[]
) {
	assert.ok(!("skip" in tools));
	const { status, stdout, stderr } = spawnSync(tools[program], args, {
		encoding: "utf8",
		timeout: 60_000,
	});
	assert.equal(status, 0, `${stdout}${stderr}`);
	return `${stdout}${stderr}`;
}

describe("rules and configuration", { skip, timeout: 120_000 }, () => {
	test("are read by promtool without a complaint", () => {
		assert.match(
			run("promtool", "check", "rules", "--lint=all", "--lint-fatal", ...rules),
			/SUCCESS/,
		);
		run("promtool", "check", "config", join(prometheus, "prometheus.yml"));
	});

	test("fire when they should, and not before", () => {
		const files = readdirSync(join(prometheus, "tests")).map((name) =>
			join(prometheus, "tests", name),
		);
		assert.match(run("promtool", "test", "rules", ...files), /SUCCESS/);
	});

	test("are read by vmalert and VictoriaMetrics, too", () => {
		run("vmalert", "-dryRun", ...rules.map((file) => `-rule=${file}`));
		run(
			"victoria-metrics",
			"-dryRun",
			`-promscrape.config=${join(SHIPPED, "victoria-metrics", "scrape.yml")}`,
		);
	});
});
