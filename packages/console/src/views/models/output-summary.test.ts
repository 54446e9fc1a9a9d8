import assert from "node:assert/strict";
import { test } from "node:test";
import { halfToNumber, summarise } from "./output-summary.ts";

test("few values are shown all, of many the largest with their places", () => {
	const of = (values: Float32Array) =>
		summarise({
			name: "y",
			datatype: "FP32",
			shape: [values.length],
			data: new Uint8Array(values.buffer),
		});
	assert.equal(of(Float32Array.of(1, -2, 0.5)).most, "1  -2  0.5000");
	const many = new Float32Array(1000);
	many[17] = 9;
	many[400] = 12;
	const summary = of(many);
	assert.match(summary.most, /^#400 12 {2}#17 9 {2}#/);
	assert.deepEqual(
		[summary.low, summary.high, summary.mean],
		["0", "12", "0.02100"],
	);
});

test("an output without elements has no numbers", () => {
	const data = new Uint8Array(0);
	const { low, most } = summarise({
		name: "boxes",
		datatype: "FP32",
		shape: [0, 6],
		data,
	});
	assert.deepEqual([low, most], ["–", ""]);
});

test("texts are shown as texts, cut where they are long", () => {
	const text = "x".repeat(100);
	const data = Buffer.alloc(4 + text.length);
	data.writeUInt32LE(text.length);
	data.write(text, 4);
	const { most } = summarise({
		name: "t",
		datatype: "BYTES",
		shape: [1],
		data,
	});
	assert.equal(most, `${"x".repeat(24)}…`);
});

test("numbers of 16 bits are read as they are meant", () => {
	for (const [bits, value] of [
		[0x3c00, 1],
		[0xc000, -2],
		[0x3555, 0.333251953125],
		[0x0001, 2 ** -24],
		[0x7c00, Number.POSITIVE_INFINITY],
	] as const)
		assert.equal(halfToNumber(bits), value);
	assert.ok(Number.isNaN(halfToNumber(0x7e00)));
});
