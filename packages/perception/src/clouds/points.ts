// Points as the kernels take them: position and intensity side by side, as networks read them too.

import { PointCloudError } from "./point-cloud-error.ts";

/** x, y, z in metres (axes as in REP 103: x forward, y left, z up) and intensity in the sensor's unit. */
export const POINT_STRIDE = 4;

export interface Points {
	/** How many of the entries are valid. */
	count: number;
	/** x, y, z, intensity of one point after the other. */
	readonly xyzi: Float32Array;
	/** Seconds of each point from the stamp of its sweep; null where nobody needs them. */
	readonly timesS: Float32Array | null;
}

export interface PointsOptions {
	/** @default false */
	readonly withTimes?: boolean;
	/** Other threads are to see them without a copy. @default false */
	readonly isShared?: boolean;
}

export function createPoints(
	capacity: number,
	{ withTimes = false, isShared = false }: PointsOptions = {},
): Points {
	const floats = (count: number) =>
		isShared
			? new Float32Array(
					new SharedArrayBuffer(count * Float32Array.BYTES_PER_ELEMENT),
				)
			: new Float32Array(count);
	return {
		count: 0,
		xyzi: floats(POINT_STRIDE * capacity),
		timesS: withTimes ? floats(capacity) : null,
	};
}

export function pointCapacity(points: Points): number {
	return Math.floor(points.xyzi.length / POINT_STRIDE);
}

/** @throws PointCloudError `no-room` when `points` cannot take `needed` of them. */
export function assertPointRoom(points: Points, needed: number): void {
	const capacity = pointCapacity(points);
	if (capacity < needed)
		throw new PointCloudError(
			"no-room",
			`${needed} points, but room for ${capacity}: create them with that capacity`,
			capacity,
			needed,
		);
}

/** Copies entry `from` over entry `to`: how filters close the gaps that they make. */
export function movePoint(points: Points, from: number, to: number): void {
	if (from === to) return;
	const { xyzi, timesS } = points;
	const source = POINT_STRIDE * from;
	const target = POINT_STRIDE * to;
	xyzi[target] = xyzi[source]!;
	xyzi[target + 1] = xyzi[source + 1]!;
	xyzi[target + 2] = xyzi[source + 2]!;
	xyzi[target + 3] = xyzi[source + 3]!;
	if (timesS !== null) timesS[to] = timesS[from]!;
}
