import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type LogSettings, MemorySettings } from "./settings.ts";

function setUp() {
	const told: LogSettings[] = [];
	const settings = new MemorySettings({
		modelExists: (name) => name === "m",
		onLogging: (next) => told.push(new Map(next)),
	});
	return { settings, told };
}

const invalid = (message: RegExp) => ({ code: "INVALID_ARGUMENT", message });

describe("trace settings", () => {
	test("of the server say how much is traced while a level is on", () => {
		const ratios: (number | null)[] = [];
		const settings = new MemorySettings({
			modelExists: () => true,
			onLogging: () => {},
			trace: { trace_level: "TIMESTAMPS", trace_rate: "100" },
			onTrace: (ratio) => ratios.push(ratio),
		});
		assert.deepEqual(settings.trace("").get("trace_rate"), ["100"]);
		settings.setTrace("", new Map([["trace_rate", ["4"]]]));
		settings.setTrace("", new Map([["trace_level", ["OFF"]]]));
		settings.setTrace("m", new Map([["trace_rate", ["1"]]]));
		// Null: back to what it was configured with.
		settings.setTrace(
			"",
			new Map([
				["trace_level", null],
				["trace_rate", null],
			]),
		);
		assert.deepEqual(ratios, [0.25, null, 0.01]);
	});

	test("start off, in the order that clients compare", () => {
		assert.deepEqual(
			[...setUp().settings.trace("")],
			[
				["trace_level", ["OFF"]],
				["trace_rate", ["1000"]],
				["trace_count", ["-1"]],
				["log_frequency", ["0"]],
				["trace_file", [""]],
				["trace_mode", ["triton"]],
			],
		);
	});

	test("of a model are the server's until they are changed, and again when they are reset", () => {
		const { settings } = setUp();
		const rate = (model: string) => settings.trace(model).get("trace_rate");
		settings.setTrace("m", new Map([["trace_rate", ["5"]]]));
		settings.setTrace("", new Map([["trace_rate", ["7"]]]));
		assert.deepEqual([rate(""), rate("m")], [["7"], ["5"]]);
		settings.setTrace("m", new Map([["trace_rate", null]]));
		assert.deepEqual(rate("m"), ["7"]);
		settings.setTrace("", new Map([["trace_rate", null]]));
		assert.deepEqual(rate("m"), ["1000"]);
	});

	test("refuse what is unknown, wrong or not theirs to change, and then change nothing", () => {
		const { settings } = setUp();
		const change = (key: string, ...values: string[]) =>
			settings.setTrace(
				"",
				new Map([
					["trace_rate", ["3"]],
					[key, values],
				]),
			);
		assert.throws(
			() => change("rate", "1"),
			invalid(/'rate'; known are trace_level/),
		);
		assert.throws(() => change("trace_level", "LOUD"), invalid(/'LOUD'/));
		assert.throws(() => change("trace_count", "many"), invalid(/'many'/));
		assert.throws(() => change("trace_file", "x"), { code: "UNSUPPORTED" });
		assert.throws(
			() => settings.trace("gone"),
			invalid(/^Request for unknown model : gone$/),
		);
		assert.deepEqual(settings.trace("").get("trace_rate"), ["1000"]);
	});
});

describe("log settings", () => {
	test("change together, and whoever logs is told once", () => {
		const { settings, told } = setUp();
		const after = settings.setLogging(
			new Map<string, unknown>([
				["log_verbose_level", 2],
				["log_info", false],
			]),
		);
		assert.deepEqual(
			[after.get("log_verbose_level"), after.get("log_info")],
			[2, false],
		);
		assert.equal(told.length, 1);
		assert.deepEqual([...settings.logging()], [...after]);
	});

	test("refuse what is unknown or of another type, and then change nothing", () => {
		const { settings, told } = setUp();
		for (const [key, value, message] of [
			["log_loud", true, /'log_loud'; known are/],
			["log_info", "yes", /takes a boolean, got 'yes'/],
			["log_verbose_level", -1, /takes a number, got '-1'/],
			["log_verbose_level", 1.5, /got '1\.5'/],
			["log_format", "xml", /got 'xml'/],
		] as const)
			assert.throws(
				() =>
					settings.setLogging(
						new Map<string, unknown>([
							["log_error", false],
							[key, value],
						]),
					),
				invalid(message),
			);
		assert.throws(() => settings.setLogging(new Map([["log_file", "x"]])), {
			code: "UNSUPPORTED",
		});
		assert.equal(settings.logging().get("log_error"), true);
		assert.equal(told.length, 0);
	});
});
