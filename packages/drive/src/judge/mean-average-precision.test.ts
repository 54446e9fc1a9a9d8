import assert from "node:assert/strict";
import { test } from "node:test";
import { PrecisionTally } from "./mean-average-precision.ts";

/** Places on a line: two things overlap by 1 less their distance. */
interface Claim {
	readonly at: number;
	readonly score: number;
	readonly classId?: number;
}
interface Thing {
	readonly at: number;
	readonly classId?: number;
	readonly counts?: boolean;
}

function add(tally: PrecisionTally, claims: Claim[], things: Thing[]): void {
	tally.addScene(
		{
			count: claims.length,
			scores: claims.map(({ score }) => score),
			classIds: claims.map(({ classId = 0 }) => classId),
		},
		things.map(({ classId = 0, counts = true }) => ({ classId, counts })),
		(d, t) => Math.max(0, 1 - Math.abs(claims[d]!.at - things[t]!.at)),
	);
}

function meanOf(claims: Claim[], things: Thing[]): number {
	const tally = new PrecisionTally(1, 0.5);
	add(tally, claims, things);
	return tally.result().mean;
}

test("all found and nothing else is 1, nothing found is 0", () => {
	const things = [{ at: 0 }, { at: 5 }];
	assert.equal(
		meanOf(
			[
				{ at: 0.1, score: 0.9 },
				{ at: 5, score: 0.3 },
			],
			things,
		),
		1,
	);
	assert.equal(meanOf([], things), 0);
	assert.equal(meanOf([{ at: 0.6, score: 0.9 }], things), 0);
});

test("a false claim costs by where it ranks", () => {
	const things = [{ at: 0 }, { at: 5 }];
	const right = [
		{ at: 0, score: 0.9 },
		{ at: 5, score: 0.5 },
	];
	// Behind all right ones: nothing. Between: the second is found at a precision of 2/3. Before: 1/2 and 2/3, of which the
	// better is taken for both.
	assert.equal(meanOf([...right, { at: 9, score: 0.1 }], things), 1);
	assert.equal(
		meanOf([...right, { at: 9, score: 0.7 }], things),
		(1 + 2 / 3) / 2,
	);
	assert.equal(meanOf([...right, { at: 9, score: 1 }], things), 2 / 3);
});

test("a thing is found once: the second claim on it is false", () => {
	const claims = [
		{ at: 0, score: 0.9 },
		{ at: 0.1, score: 0.8 },
		{ at: 5, score: 0.5 },
	];
	assert.equal(meanOf(claims, [{ at: 0 }, { at: 5 }]), (1 + 2 / 3) / 2);
});

test("what does not count is neither missed nor wrong to find", () => {
	const things = [{ at: 0 }, { at: 5, counts: false }];
	assert.equal(meanOf([{ at: 0, score: 0.5 }], things), 1);
	assert.equal(
		meanOf(
			[
				{ at: 0, score: 0.5 },
				{ at: 5, score: 0.9 },
			],
			things,
		),
		1,
	);
	// Of two within reach, the one that counts is taken, though the other is nearer.
	const near = [{ at: 0 }, { at: 0.3, counts: false }];
	assert.equal(meanOf([{ at: 0.2, score: 0.5 }], near), 1);
});

test("claims are ranked over all scenes together", () => {
	const tally = new PrecisionTally(1, 0.5);
	add(
		tally,
		[
			{ at: 9, score: 0.7 },
			{ at: 0, score: 0.9 },
		],
		[{ at: 0 }],
	);
	add(tally, [{ at: 0, score: 0.5 }], [{ at: 0 }]);
	assert.equal(tally.result().mean, (1 + 2 / 3) / 2);
});

test("classes are judged by themselves, and one that never occurs is left out of the mean", () => {
	const tally = new PrecisionTally(3, 0.5);
	add(
		tally,
		[
			{ at: 0, score: 0.9, classId: 0 },
			{ at: 5, score: 0.8, classId: 0 },
		],
		[
			{ at: 0, classId: 0 },
			{ at: 5, classId: 1 },
		],
	);
	const result = tally.result();
	assert.deepEqual(result.perClass, [1, 0, Number.NaN]);
	assert.equal(result.mean, 0.5);
	assert.deepEqual(result.trueCounts, [1, 1, 0]);
});
