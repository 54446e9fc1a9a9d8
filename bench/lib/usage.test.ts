import assert from "node:assert/strict";
import { test } from "node:test";
import { ROUNDS, showUsage, type Usage, unknownOption } from "./usage.ts";

const usage: Usage = {
	summary: "Measures a toy.",
	patternOf: "the toys",
	options: [
		ROUNDS,
		{ name: "--peers", value: "all|none", about: "who runs beside it" },
	],
	notes: ["All of it is written down."],
};

test("the help names the command, each option with its value, and the notes", () => {
	const text = showUsage("toy", usage);
	assert.match(text, /npm run bench -- toy \[REGEX\]/);
	assert.match(text, / {2}--rounds N {8}interleaved/);
	assert.match(text, /--peers all\|none {2}who runs beside it/);
	assert.ok(text.endsWith("All of it is written down."));
});

test("the help of a bench without a pattern names none", () => {
	const text = showUsage("toy", { ...usage, patternOf: null });
	assert.doesNotMatch(text, /REGEX/);
});

test("an option that the bench does not have is found, in either spelling", () => {
	assert.equal(
		unknownOption(["x", "--rounds", "2", "--peer=1"], usage),
		"--peer",
	);
	assert.equal(unknownOption(["--rounds=2", "--peers", "none"], usage), null);
});
