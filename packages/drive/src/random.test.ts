import assert from "node:assert/strict";
import { test } from "node:test";
import { NoiseTable, Random } from "./random.ts";

const numbers = (random: Random, count: number) =>
	Array.from({ length: count }, () => random.next());

test("a seed gives the same numbers each time, another seed or stream gives others", () => {
	const first = numbers(new Random(7), 20);
	assert.deepEqual(numbers(new Random(7), 20), first);
	const others = [new Random(8), new Random(7, 1), new Random(7 + 2 ** 32)];
	for (const other of others) assert.notDeepEqual(numbers(other, 20), first);
});

test("a stream does not depend on how much of another was used", () => {
	const random = new Random(7);
	const before = numbers(random.stream(3), 5);
	numbers(random, 100);
	assert.deepEqual(numbers(random.stream(3), 5), before);
});

test("numbers are spread evenly from 0 to 1, and neighbouring seeds have nothing in common", () => {
	const bins = new Array<number>(16).fill(0);
	for (const value of numbers(new Random(1), 16_000))
		bins[Math.floor(16 * value)]!++;
	for (const count of bins) assert.ok(Math.abs(count - 1000) < 160, `${bins}`);
	const firsts = Array.from({ length: 2000 }, (_, seed) =>
		new Random(seed).next(),
	);
	const mean = firsts.reduce((sum, value) => sum + value, 0) / 2000;
	assert.ok(Math.abs(mean - 0.5) < 0.03, `${mean}`);
});

test("normal numbers, drawn or looked up, have mean 0 and deviation 1", () => {
	const random = new Random(2);
	const table = new NoiseTable(new Random(3));
	const drawn = Array.from({ length: 20_000 }, () => random.normal());
	const found = drawn.map(() => table.at(random.nextUint32()));
	for (const values of [drawn, found]) {
		const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
		const square = values.reduce((sum, v) => sum + v * v, 0) / values.length;
		assert.ok(Math.abs(mean) < 0.05, `${mean}`);
		assert.ok(Math.abs(Math.sqrt(square) - 1) < 0.05, `${square}`);
	}
});

test("below() reaches each integer and no other", () => {
	const random = new Random(4);
	const seen = new Set(Array.from({ length: 500 }, () => random.below(5)));
	assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4]);
});
