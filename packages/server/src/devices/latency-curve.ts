// How long a device takes for a batch, as a committed curve: what simulated devices are made of.

export interface LatencyCurve {
	/** Service time of a batch, in µs. @param rows at least 1 */
	serviceUs(rows: number): number;
}

/**
 * Straight lines between the points; below the first and beyond the last, on the line of the nearest two.
 * @param curveMs service time in ms by batch size, e.g. `{ 1: 23.8, 8: 38 }`; one point is a constant
 * @throws RangeError without points, for sizes below 1 and for times that are not finite and positive
 */
export function createLatencyCurve(
	curveMs: Readonly<Record<string, number>>,
): LatencyCurve {
	const points = Object.entries(curveMs)
		.map(([rows, ms]) => ({ rows: Number(rows), us: ms * 1000 }))
		.sort((a, b) => a.rows - b.rows);
	const isValid = points.every(
		({ rows, us }) => Number.isInteger(rows) && rows >= 1 && us > 0,
	);
	if (points.length === 0 || !isValid)
		throw new RangeError(
			`a latency curve needs positive times in ms by batch size, got ${JSON.stringify(curveMs)}`,
		);
	return {
		serviceUs(rows) {
			const above = points.findIndex((point) => point.rows >= rows);
			const upper =
				above < 0
					? points.length - 1
					: Math.max(above, points.length > 1 ? 1 : 0);
			const b = points[upper]!;
			const a = points[Math.max(upper - 1, 0)]!;
			if (a === b) return b.us;
			const slope = (b.us - a.us) / (b.rows - a.rows);
			return Math.max(b.us + (rows - b.rows) * slope, 0);
		},
	};
}
