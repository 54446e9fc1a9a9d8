// From a cloud of any layout to plain points, in one pass that filters as it reads.
import { NUMBER_READERS } from "./numeric-type.ts";
import {
	findPointField,
	type PointCloudView,
	type PointField,
	pointCountOf,
	requirePointField,
} from "./point-cloud-view.ts";
import { assertPointRoom, POINT_STRIDE, type Points } from "./points.ts";

export interface ReadPointsOptions {
	/** Nearer points are left out, in metres from the sensor; 0 keeps all. @default 0 */
	readonly minRangeM?: number;
	/** Farther points are left out. @default none is too far */
	readonly maxRangeM?: number;
	/** Field that becomes the intensity; 0 where the cloud has none. @default "intensity" */
	readonly intensityField?: string;
	/** Field that becomes `timesS`, where the points keep times; 0 where the cloud has none. @default "time" */
	readonly timeField?: string;
	/** Seconds per unit of the time field, e.g. 1e-9 for Ouster's `t`. @default 1 */
	readonly timeUnitS?: number;
}

/** What is farther than a 32-bit number can say is not finite once it is stored. */
const MAX_FLOAT32 = 3.402_823_466_385_288_6e38;
const MAX_SQUARED = MAX_FLOAT32 ** 2;

const DEFAULTS: ReadPointsOptions = {};

/**
 * Replaces `into` with the points of a view whose numbers are finite and whose range is allowed, in their order. A
 * cloud without z is flat: z is 0. Allocates nothing.
 * @returns how many were left out because a number is not finite
 * @throws PointCloudError `missing-field` without x or y, `no-room` when `into` cannot take every point of the view.
 */
export function readPoints(
	view: PointCloudView,
	into: Points,
	options: ReadPointsOptions = DEFAULTS,
): number {
	assertPointRoom(into, pointCountOf(view));
	const maxRangeM = options.maxRangeM ?? Number.POSITIVE_INFINITY;
	plan.minSquared = (options.minRangeM ?? 0) ** 2;
	plan.maxSquared = maxRangeM * maxRangeM;
	plan.timeUnitS = options.timeUnitS ?? 1;
	plan.x = requirePointField(view, "x");
	plan.y = requirePointField(view, "y");
	plan.z = findPointField(view, "z") ?? ABSENT;
	plan.intensity =
		findPointField(view, options.intensityField ?? "intensity") ?? ABSENT;
	plan.time = findPointField(view, options.timeField ?? "time") ?? ABSENT;
	const isPlain =
		view.littleEndian &&
		into.timesS === null &&
		isFloat32(plan.x) &&
		isFloat32(plan.y) &&
		isFloat32(plan.z) &&
		isFloat32(plan.intensity);
	return isPlain ? readPlain(view, into) : readAny(view, into);
}

/** For a field that a cloud does not have: no number is read there. */
const ABSENT: PointField = {
	name: "",
	offsetBytes: 0,
	type: "float32",
	elementCount: 0,
};

/** What one call of `readPoints` does, kept so that none has to be made for each cloud. */
const plan = {
	x: ABSENT,
	y: ABSENT,
	z: ABSENT,
	intensity: ABSENT,
	time: ABSENT,
	minSquared: 0,
	maxSquared: 0,
	timeUnitS: 1,
};

function isFloat32(field: PointField): boolean {
	return field !== ABSENT && field.type === "float32";
}

/** The layout of nearly every sensor, several times as fast. */
function readPlain(view: PointCloudView, into: Points): number {
	const { dataView, strideBytes } = view;
	const { xyzi } = into;
	const { minSquared, maxSquared } = plan;
	const xAt = plan.x.offsetBytes;
	const yAt = plan.y.offsetBytes;
	const zAt = plan.z.offsetBytes;
	const intensityAt = plan.intensity.offsetBytes;
	let notFinite = 0;
	let to = 0;
	let rowAt = view.data.byteOffset + view.dataOffsetBytes;
	for (let row = 0; row < view.rowCount; row++) {
		const end = rowAt + view.pointsPerRow * strideBytes;
		for (let at = rowAt; at < end; at += strideBytes) {
			const x = dataView.getFloat32(at + xAt, true);
			const y = dataView.getFloat32(at + yAt, true);
			const z = dataView.getFloat32(at + zAt, true);
			const intensity = dataView.getFloat32(at + intensityAt, true);
			const squared = x * x + y * y + z * z;
			// A NaN compares false.
			const isNumber =
				squared <= MAX_SQUARED && Math.abs(intensity) <= MAX_FLOAT32;
			if (isNumber && squared >= minSquared && squared <= maxSquared) {
				xyzi[to] = x;
				xyzi[to + 1] = y;
				xyzi[to + 2] = z;
				xyzi[to + 3] = intensity;
				to += POINT_STRIDE;
			} else if (!isNumber) notFinite++;
		}
		rowAt += view.rowStrideBytes;
	}
	into.count = to / POINT_STRIDE;
	return notFinite;
}

function readAny(view: PointCloudView, into: Points): number {
	const { dataView, strideBytes, littleEndian } = view;
	const { xyzi, timesS } = into;
	const { x, y, z, intensity, time, minSquared, maxSquared, timeUnitS } = plan;
	const readX = NUMBER_READERS[x.type];
	const readY = NUMBER_READERS[y.type];
	const readZ = NUMBER_READERS[z.type];
	const readIntensity = NUMBER_READERS[intensity.type];
	const readTime = NUMBER_READERS[time.type];
	let notFinite = 0;
	let kept = 0;
	let rowAt = view.data.byteOffset + view.dataOffsetBytes;
	for (let row = 0; row < view.rowCount; row++) {
		const end = rowAt + view.pointsPerRow * strideBytes;
		for (let at = rowAt; at < end; at += strideBytes) {
			const px = readX(dataView, at + x.offsetBytes, littleEndian);
			const py = readY(dataView, at + y.offsetBytes, littleEndian);
			const pz =
				z === ABSENT ? 0 : readZ(dataView, at + z.offsetBytes, littleEndian);
			const pi =
				intensity === ABSENT
					? 0
					: readIntensity(dataView, at + intensity.offsetBytes, littleEndian);
			const squared = px * px + py * py + pz * pz;
			const isNumber = squared <= MAX_SQUARED && Math.abs(pi) <= MAX_FLOAT32;
			if (isNumber && squared >= minSquared && squared <= maxSquared) {
				if (timesS !== null)
					timesS[kept] =
						time === ABSENT
							? 0
							: timeUnitS *
								readTime(dataView, at + time.offsetBytes, littleEndian);
				const to = POINT_STRIDE * kept++;
				xyzi[to] = px;
				xyzi[to + 1] = py;
				xyzi[to + 2] = pz;
				xyzi[to + 3] = pi;
			} else if (!isNumber) notFinite++;
		}
		rowAt += view.rowStrideBytes;
	}
	into.count = kept;
	return notFinite;
}
