import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SamplingRule } from "../telemetry/tracing/model-sampling.ts";
import { type LogSettings, MemorySettings } from "./settings.ts";

const NO_END = Number.POSITIVE_INFINITY;

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
	function traced(trace: Readonly<Record<string, string>> = {}) {
		const rules: (readonly [string, SamplingRule | null])[] = [];
		const left = new Map<string, number>([["", NO_END]]);
		const told = (model: string, rule: SamplingRule | null) => {
			rules.push([model, rule]);
			if (rule !== null) left.set(model, rule.count);
			else if (model === "") left.set("", NO_END);
			else left.delete(model);
		};
		const settings = new MemorySettings({
			modelExists: () => true,
			onLogging: () => {},
			trace,
			tracing: {
				sample: (rule) => told("", rule),
				sampleModel: told,
				leftCount: (model) => left.get(model) ?? null,
			},
		});
		const set = (
			model: string,
			changes: Readonly<Record<string, string | null>>,
		) => {
			rules.length = 0;
			settings.setTrace(
				model,
				new Map(
					Object.entries(changes).map(([key, value]) => [
						key,
						value === null ? null : [value],
					]),
				),
			);
			return [...rules];
		};
		return { settings, set, left };
	}

	test("of the server say how much is traced while a level is on", () => {
		const configured = { trace_level: "TIMESTAMPS", trace_rate: "100" };
		const { settings, set } = traced(configured);
		assert.deepEqual(settings.trace("").get("trace_rate"), ["100"]);
		assert.deepEqual(set("", { trace_rate: "4" }), [
			["", { rate: 4, count: NO_END }],
		]);
		assert.deepEqual(set("", { trace_count: "9", log_frequency: "1" }), [
			["", { rate: 4, count: 9 }],
		]);
		assert.deepEqual(set("", { trace_level: "OFF" }), [
			["", { rate: 0, count: 9 }],
		]);
		assert.deepEqual(set("", { log_frequency: "2" }), []);
		// Back to what it was configured with.
		const reset = { trace_level: null, trace_rate: null, trace_count: null };
		assert.deepEqual(set("", reset), [["", null]]);
	});

	test("of a model stand above the server's, and fall back to them one by one", () => {
		const { set } = traced();
		const on = { trace_level: "TIMESTAMPS", trace_rate: "2" };
		assert.deepEqual(set("m", on), [["m", { rate: 2, count: NO_END }]]);
		assert.deepEqual(set("m", { trace_rate: null }), [
			["m", { rate: 1000, count: NO_END }],
		]);
		assert.deepEqual(set("", { trace_rate: "7" }), [
			["", { rate: 0, count: NO_END }],
			["m", { rate: 7, count: NO_END }],
		]);
		assert.deepEqual(set("m", { trace_level: null }), [["m", null]]);
		assert.deepEqual(set("m", { log_frequency: "3" }), []);
	});

	test("tell how many traces are still to come, which only a new count changes", () => {
		const { settings, set, left } = traced();
		set("m", { trace_level: "TIMESTAMPS", trace_rate: "1", trace_count: "5" });
		left.set("m", 2);
		assert.deepEqual(settings.trace("m").get("trace_count"), ["2"]);
		assert.deepEqual(settings.trace("").get("trace_count"), ["-1"]);
		assert.deepEqual(set("m", { trace_rate: "3" }), [
			["m", { rate: 3, count: 2 }],
		]);
		assert.deepEqual(set("m", { trace_count: "5" }), [
			["m", { rate: 3, count: 5 }],
		]);
		assert.deepEqual(set("m", { trace_count: "-1" }), [
			["m", { rate: 3, count: NO_END }],
		]);
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
		assert.throws(() => change("trace_count", "-2"), invalid(/'-2'/));
		assert.throws(() => change("trace_rate", "-1"), invalid(/'-1'/));
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
