import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "./arguments.ts";

test("options take their value after a space or an equals sign, the other word is the pattern", () => {
	const args = parseArguments(["--rounds", "3", "110.*", "--seconds=0.5"]);
	assert.equal(args.number("--rounds", 5), 3);
	assert.equal(args.number("--seconds", 2), 0.5);
	assert.equal(args.pattern.source, "110.*");
});

test("what is not given has its default, and the pattern finds everything", () => {
	const args = parseArguments([]);
	assert.equal(args.number("--rounds", 5), 5);
	assert.equal(args.text("--profile"), null);
	assert.ok(args.pattern.test("anything"));
});

test("a number that is none, or not above 0, is refused by name", () => {
	for (const value of ["x", "0", "-1"])
		assert.throws(
			() => parseArguments(["--rounds", value]).number("--rounds", 5),
			/--rounds takes a number above 0/,
		);
});

test("of a closed set of values the first is the default, and another is refused by name", () => {
	const peersOf = (...args: string[]) =>
		parseArguments(args).oneOf("--peers", ["all", "none"]);
	assert.equal(peersOf(), "all");
	assert.equal(peersOf("--peers", "none"), "none");
	assert.throws(() => peersOf("--peers=some"), /--peers takes all or none/);
});

test("a flag takes no value: the word after it is the pattern", () => {
	const args = parseArguments(["--quick", "fc"]);
	assert.equal(args.flag("--quick"), true);
	assert.equal(args.pattern.source, "fc");
	assert.equal(parseArguments(["fc"]).flag("--quick"), false);
});
