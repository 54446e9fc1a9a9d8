// Against the textbook filter with whole matrices.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "../testing/uniform.ts";
import { correctTrack, predictTrack, surpriseOf } from "./kalman.ts";
import { createTracks } from "./tracks.ts";

type Matrix = readonly (readonly number[])[];

const product = (a: Matrix, b: Matrix): number[][] =>
	a.map((row) =>
		(b[0] ?? []).map((_, j) =>
			row.reduce((sum, value, k) => sum + value * (b[k]?.[j] ?? 0), 0),
		),
	);
const transposed = (a: Matrix): number[][] =>
	(a[0] ?? []).map((_, j) => a.map((row) => row[j] ?? 0));
const sum = (a: Matrix, b: Matrix, factor = 1): number[][] =>
	a.map((row, i) => row.map((value, j) => value + factor * (b[i]?.[j] ?? 0)));
const inverse2 = ([[a = 0, b = 0] = [], [c = 0, d = 0] = []]: Matrix) => {
	const determinant = a * d - b * c;
	return [
		[d / determinant, -b / determinant],
		[-c / determinant, a / determinant],
	];
};

/** State x, y, vx, vy. */
class Textbook {
	x: Matrix = [[0], [0], [0], [0]];
	P: Matrix;

	constructor(position: number, velocity: number) {
		this.P = [
			[position, 0, 0, 0],
			[0, position, 0, 0],
			[0, 0, velocity, 0],
			[0, 0, 0, velocity],
		];
	}

	predict(dt: number, acceleration: number): void {
		const F = [
			[1, 0, dt, 0],
			[0, 1, 0, dt],
			[0, 0, 1, 0],
			[0, 0, 0, 1],
		];
		const G = [
			[dt ** 2 / 2, 0],
			[0, dt ** 2 / 2],
			[dt, 0],
			[0, dt],
		].map((row) => row.map((value) => value * acceleration));
		this.x = product(F, this.x);
		const moved = product(product(F, this.P), transposed(F));
		this.P = sum(moved, product(G, transposed(G)));
	}

	innovation(x: number, y: number, r: number) {
		const H = [
			[1, 0, 0, 0],
			[0, 1, 0, 0],
		];
		const S = sum(product(product(H, this.P), transposed(H)), [
			[r * r, 0],
			[0, r * r],
		]);
		return { H, S, v: sum([[x], [y]], product(H, this.x), -1) };
	}

	surprise(x: number, y: number, r: number): number {
		const { S, v } = this.innovation(x, y, r);
		const d2 = product(product(transposed(v), inverse2(S)), v);
		return d2[0]?.[0] ?? Number.NaN;
	}

	correct(x: number, y: number, r: number): void {
		const { H, S, v } = this.innovation(x, y, r);
		const K = product(product(this.P, transposed(H)), inverse2(S));
		this.x = sum(this.x, product(K, v));
		this.P = sum(this.P, product(product(K, H), this.P), -1);
	}
}

const step = fc.record({
	dt: uniform(0, 0.5),
	x: uniform(-50, 50),
	y: uniform(-50, 50),
	isSeen: fc.boolean(),
});

test("three numbers of covariance say what sixteen say", () => {
	fc.assert(
		fc.property(
			fc.array(step, { maxLength: 30 }),
			uniform(0.1, 5),
			uniform(0.05, 2),
			(steps, acceleration, deviation) => {
				const tracks = createTracks(3);
				tracks.positionVariance[1] = deviation ** 2;
				tracks.velocityVariance[1] = 100;
				const textbook = new Textbook(deviation ** 2, 100);
				const close = (actual: number | undefined, expected = Number.NaN) =>
					assert.ok(
						Math.abs((actual ?? Number.NaN) - expected) <
							1e-6 * (1 + Math.abs(expected)),
						`${actual} is not ${expected}`,
					);
				for (const { dt, x, y, isSeen } of steps) {
					predictTrack(tracks, 1, dt, acceleration);
					textbook.predict(dt, acceleration);
					if (isSeen) {
						close(
							surpriseOf(tracks, 1, x, y, deviation),
							textbook.surprise(x, y, deviation),
						);
						correctTrack(tracks, 1, x, y, deviation);
						textbook.correct(x, y, deviation);
					}
					close(tracks.xM[1], textbook.x[0]?.[0]);
					close(tracks.yM[1], textbook.x[1]?.[0]);
					close(tracks.velocityXMps[1], textbook.x[2]?.[0]);
					close(tracks.velocityYMps[1], textbook.x[3]?.[0]);
					close(tracks.positionVariance[1], textbook.P[0]?.[0]);
					close(tracks.covariance[1], textbook.P[1]?.[3]);
					close(tracks.velocityVariance[1], textbook.P[3]?.[3]);
				}
				// And the neighbours are left alone.
				assert.deepEqual([tracks.xM[0], tracks.xM[2]], [0, 0]);
			},
		),
		{ seed: 151, numRuns: 300 },
	);
});
