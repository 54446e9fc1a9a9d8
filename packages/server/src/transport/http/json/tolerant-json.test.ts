import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseJson } from "./tolerant-json.ts";

const MALFORMED = { code: "MALFORMED" } as const;
/** Makes the careful parser read the whole, whatever else is in it. */
const CAREFUL = "[NaN,";

function nested(depth: number): string {
	return "[".repeat(depth) + "]".repeat(depth);
}

describe("JSON as clients write it", () => {
	test("agrees with JSON.parse on every valid text, by either way of reading", () => {
		fc.assert(
			fc.property(fc.json({ noUnicodeString: false }), (text) => {
				const expected: unknown = JSON.parse(text);
				assert.deepEqual(plain(parseJson(text)), expected);
				const [, careful] = parseJson(`${CAREFUL}${text}]`) as unknown[];
				assert.deepEqual(plain(careful), expected);
			}),
			{ seed: 20_251, numRuns: 500 },
		);
	});

	test("refuses exactly the texts that JSON.parse refuses, whatever is broken", () => {
		const broken = fc
			.tuple(
				fc.json(),
				fc.nat(),
				fc.constantFrom("", ",", "]", "}", '"', "\\", "1", "\n"),
			)
			.map(([text, at, piece]) => {
				const cut = at % (text.length + 1);
				return text.slice(0, cut) + piece + text.slice(cut + 1);
			});
		fc.assert(
			fc.property(broken, (text) => {
				const ours = outcome(() => parseJson(`${CAREFUL}${text}]`));
				const theirs = outcome(() => JSON.parse(`[0,${text}]`));
				assert.equal(ours, theirs, text);
				assert.equal(
					outcome(() => parseJson(text)),
					outcome(() => JSON.parse(text)),
					text,
				);
			}),
			{ seed: 20_252, numRuns: 1000 },
		);
	});

	test("keeps every 64-bit integer exact", () => {
		fc.assert(
			fc.property(fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n), (value) => {
				const [read] = parseJson(`[${value}]`) as (number | bigint)[];
				assert.equal(BigInt(read!), value);
			}),
			{ seed: 20_253, numRuns: 500 },
		);
	});

	test("reads integers that a double holds as numbers, others as bigint", () => {
		assert.deepEqual(
			parseJson("[9007199254740991, 9007199254740993, -9007199254740993]"),
			[9_007_199_254_740_991, 9_007_199_254_740_993n, -9_007_199_254_740_993n],
		);
	});

	test("reads long fractions and exponents as numbers", () => {
		for (const text of [
			"0.1234567890123456789",
			"123456789012345678.5",
			"1e30",
			"1.5e-7",
		])
			assert.deepEqual(parseJson(`[${text}]`), [Number(text)]);
	});

	test("takes NaN, Infinity and -Infinity for numbers, and no other word", () => {
		assert.deepEqual(parseJson('{"a":[NaN, Infinity,-Infinity]}'), {
			a: [Number.NaN, Infinity, -Infinity],
		});
		for (const text of [
			"[nan]",
			"[-NaN]",
			"[+Infinity]",
			"[Infinit]",
			"[NaN1]",
			"[True]",
			"[undefined]",
		])
			assert.throws(() => parseJson(text), MALFORMED, text);
	});

	test("leaves such words alone in strings", () => {
		assert.deepEqual(parseJson('{"NaN":"Infinity 1234567890123456789"}'), {
			NaN: "Infinity 1234567890123456789",
		});
	});

	test("goes 100 deep and no deeper", () => {
		parseJson(nested(100));
		parseJson(`${CAREFUL}${nested(99)}]`);
		for (const text of [nested(101), `${CAREFUL}${nested(100)}]`])
			assert.throws(() => parseJson(text), {
				code: "INVALID_ARGUMENT",
				message: "JSON nesting depth exceeds maximum allowed limit (100)",
			});
	});

	test("stays within the depth however deep the text is", () => {
		for (const open of ["[", '{"a":', "[[],"])
			assert.throws(
				() => parseJson(open.repeat(200_000)),
				/JSON nesting depth/,
			);
	});

	test("counts brackets outside of strings only", () => {
		const brackets = [
			"[".repeat(500),
			"]".repeat(500),
			'\\"['.repeat(500),
			"\\\\",
		];
		assert.equal((parseJson(JSON.stringify(brackets)) as unknown[]).length, 4);
		const hidden = `["${"]".repeat(1000)}",${nested(100)}]`;
		assert.throws(() => parseJson(hidden), /JSON nesting depth/);
	});

	test("says where a text is broken", () => {
		for (const [text, problem] of [
			["", "a value is missing or not valid at 0"],
			['{"a" 1}', "':' is missing at 5"],
			["{a:1}", "a key is missing at 1"],
			["[1,]", "a value is missing or not valid at 3"],
			["[1 2]", "']' is missing at 3"],
			['{"a":1', "'}' is missing at 6"],
			['["abc', "a string is cut off at 5"],
			['["\\x"]', "a string is not valid at 1"],
			["[1]]", "more after the end at 3"],
			["[01]", "']' is missing at 2"],
		] as const)
			assert.throws(() => parseJson(text), {
				...MALFORMED,
				message: `failed to parse the request JSON buffer: ${problem}`,
			});
	});

	test("a key named __proto__ is a key", () => {
		for (const text of [
			'{"__proto__":{"polluted":1}}',
			'{"__proto__":{"polluted":NaN}}',
		]) {
			const value = parseJson(text) as object;
			assert.ok(Object.hasOwn(value, "__proto__"));
			assert.equal("polluted" in value, false);
		}
	});
});

/** bigint where the text had an integer that JSON.parse rounds. */
function plain(value: unknown): unknown {
	if (typeof value === "bigint") return Number(value);
	if (Array.isArray(value)) return value.map(plain);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([key, item]) => [key, plain(item)]),
	);
}

function outcome(parse: () => unknown): "read" | "refused" {
	try {
		parse();
		return "read";
	} catch {
		return "refused";
	}
}

test("objects are bounded in number, wherever a literal sends the text", () => {
	const objects = (count: number, more = "") =>
		`[${Array(count).fill("{}")}${more}]`;
	assert.equal((parseJson(objects(100_000)) as unknown[]).length, 100_000);
	for (const text of [objects(100_001), objects(100_001, ",NaN")])
		assert.throws(() => parseJson(text), {
			code: "INVALID_ARGUMENT",
			message: "JSON holds more than the maximum of 100000 objects",
		});
});

test("an integer beyond every type is a double, however long it is", () => {
	assert.equal(parseJson("1".repeat(1_000_000)), Number.POSITIVE_INFINITY);
	assert.equal(parseJson("18446744073709551616"), 2n ** 64n);
});
