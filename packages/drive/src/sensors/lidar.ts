// A spinning LiDAR: columns of rays, one azimuth after the other, while the vehicle and everybody else move on. Each point
// is told in the sensor's frame at its own instant, so a cloud is skewed until somebody uses the times.
import { POINT_STRIDE, type Points } from "@saccade/perception";
import { NoiseTable, type Random } from "../random.ts";
import type { Weather } from "../world/weather.ts";
import type { World } from "../world/world.ts";
import {
	gatherBoxes,
	meetsBox,
	type PlanHit,
	type RayBoxes,
	rayBoxesFor,
} from "./ray-boxes.ts";
import type { SensorMotion } from "./sensor-motion.ts";

export interface LidarOptions {
	readonly azimuthCount: number;
	/** From the horizon, lowest first. */
	readonly elevationsRad: Float64Array;
	readonly periodS: number;
	readonly rangeM: number;
	readonly nearestM: number;
	readonly rangeDeviationM: number;
	readonly intensityDeviation: number;
	/** Share of the rays that find nothing although something is there. */
	readonly dropout: number;
}

const RAD = Math.PI / 180;

/** 14 rings from −24° to −7.6° for what is near, 26 from −7° to +1.25° for what is far. */
export const LIDAR: LidarOptions = {
	azimuthCount: 1024,
	elevationsRad: Float64Array.from({ length: 40 }, (_, ring) =>
		ring < 14
			? (-24 + (ring * 16.4) / 13) * RAD
			: (-7 + ((ring - 14) * 8.25) / 25) * RAD,
	),
	periodS: 0.1,
	rangeM: 100,
	nearestM: 1,
	rangeDeviationM: 0.02,
	intensityDeviation: 0.04,
	dropout: 0.01,
};

const NONE = -1;
const TURN_RAD = 2 * Math.PI;
const GROUND_REFLECTIVITY = 0.12;

/** Scratch for one world; `sweep` allocates nothing. */
export class Lidar {
	readonly options: LidarOptions;
	/** Points of the last sweep on each agent, by its index. Part of the truth: no sensor tells it. */
	readonly hitCounts: Uint32Array;
	readonly #world: World;
	readonly #boxes: RayBoxes;
	readonly #slopes: Float64Array;
	/** Distance in plan view, by column and then ring. */
	readonly #distancesM: Float32Array;
	readonly #brightness: Float32Array;
	readonly #owners: Int32Array;
	/** Of each column, in the sensor's frame. */
	readonly #cos: Float64Array;
	readonly #sin: Float64Array;
	/** Of each column of this sweep, in the frame of the boxes: the sensor's at the end. */
	readonly #rays: ColumnRay[];
	readonly #hit: PlanHit = { nearM: 0, farM: 0, incidence: 0 };
	readonly #random: Random;
	readonly #noise: NoiseTable;

	constructor(world: World, random: Random, options: LidarOptions = LIDAR) {
		this.options = options;
		this.#world = world;
		this.#boxes = rayBoxesFor(world);
		this.hitCounts = new Uint32Array(world.agents.length);
		const { azimuthCount, elevationsRad } = options;
		const rayCount = azimuthCount * elevationsRad.length;
		this.#slopes = elevationsRad.map(Math.tan);
		const azimuths = Float64Array.from(
			{ length: azimuthCount },
			(_, column) => Math.PI - (TURN_RAD * (column + 0.5)) / azimuthCount,
		);
		this.#cos = azimuths.map(Math.cos);
		this.#sin = azimuths.map(Math.sin);
		this.#rays = Array.from({ length: azimuthCount }, () => ({
			xM: 0,
			yM: 0,
			dx: 1,
			dy: 0,
			timeS: 0,
		}));
		this.#distancesM = new Float32Array(rayCount);
		this.#brightness = new Float32Array(rayCount);
		this.#owners = new Int32Array(rayCount);
		this.#random = random;
		this.#noise = new NoiseTable(random);
	}

	/** Most points of one sweep: the capacity that `sweep` needs. */
	get rayCount(): number {
		return this.#distancesM.length;
	}

	/**
	 * Replaces `into` with the sweep that ends now. Times are from its beginning; it turns clockwise from straight
	 * behind.
	 * @throws RangeError when `into` is too small or has no times.
	 */
	sweep(motion: SensorMotion, into: Points): void {
		if (into.timesS === null || into.timesS.length < this.rayCount)
			throw new RangeError(
				`a sweep has up to ${this.rayCount} points with times: create them so`,
			);
		const { rangeM } = this.options;
		gatherBoxes(this.#world, motion, rangeM, this.#boxes);
		this.#aim(motion);
		this.#meetGround(motion);
		for (let i = 0; i < this.#boxes.count; i++) this.#meet(i, motion);
		this.#tell(into, this.#world.weather);
	}

	/** The ground is a plane that tilts as the vehicle pitches and rolls. */
	#meetGround({ heightM, groundSlopeX, groundSlopeY }: SensorMotion): void {
		const { azimuthCount, rangeM } = this.options;
		const slopes = this.#slopes;
		const rings = slopes.length;
		this.#owners.fill(NONE);
		for (let column = 0; column < azimuthCount; column++) {
			const rise =
				groundSlopeX * this.#cos[column]! + groundSlopeY * this.#sin[column]!;
			const first = column * rings;
			for (let ring = 0; ring < rings; ring++) {
				const fall = rise - slopes[ring]!;
				const r = fall > 0 ? heightM / fall : Number.POSITIVE_INFINITY;
				this.#distancesM[first + ring] =
					r < rangeM ? r : Number.POSITIVE_INFINITY;
				this.#brightness[first + ring] =
					GROUND_REFLECTIVITY * (0.4 + 2 * Math.min(0.3, fall));
			}
		}
	}

	/** Puts box `i` in front of what lies behind it. */
	#meet(i: number, motion: SensorMotion): void {
		const boxes = this.#boxes;
		const { azimuthCount, periodS } = this.options;
		const x = boxes.xM[i]!;
		const y = boxes.yM[i]!;
		const centreM = Math.hypot(x, y);
		// While it sweeps both move: what may be seen is a little more than what is seen now.
		const slackM =
			periodS *
			(Math.hypot(boxes.velocityXMps[i]!, boxes.velocityYMps[i]!) +
				motion.aheadMps +
				Math.abs(motion.leftMps));
		const radiusM =
			Math.hypot(boxes.halfLengthM[i]!, boxes.halfWidthM[i]!) + slackM;
		const groundM =
			-motion.heightM + motion.groundSlopeX * x + motion.groundSlopeY * y;
		const bottomM = groundM + boxes.bottomM[i]!;
		const topM = groundM + boxes.topM[i]!;
		let from = 0;
		let count = azimuthCount;
		if (centreM > radiusM) {
			const half =
				Math.asin(radiusM / centreM) +
				Math.abs(motion.yawRateRadps) * periodS +
				TURN_RAD / azimuthCount;
			const middle = Math.PI - Math.atan2(y, x);
			from = Math.floor(((middle - half) / TURN_RAD) * azimuthCount);
			count = Math.min(
				azimuthCount,
				Math.ceil(((2 * half) / TURN_RAD) * azimuthCount) + 1,
			);
		}
		for (let k = 0; k < count; k++) {
			const column = (from + k + azimuthCount) % azimuthCount;
			if (meetsBox(boxes, i, this.#rays[column]!, this.#hit))
				this.#fill(column, i, bottomM, topM);
		}
	}

	/** Where the sensor is and looks at the instant of each column. */
	#aim(motion: SensorMotion): void {
		const { periodS, azimuthCount } = this.options;
		for (let column = 0; column < azimuthCount; column++) {
			const ray = this.#rays[column]!;
			const timeS = (periodS * (column + 1)) / azimuthCount - periodS;
			const turnRad = motion.yawRateRadps * timeS;
			const halfCos = Math.cos(turnRad / 2);
			const halfSin = Math.sin(turnRad / 2);
			ray.timeS = timeS;
			ray.xM = timeS * (halfCos * motion.aheadMps - halfSin * motion.leftMps);
			ray.yM = timeS * (halfSin * motion.aheadMps + halfCos * motion.leftMps);
			const turnCos = Math.cos(turnRad);
			const turnSin = Math.sin(turnRad);
			ray.dx = this.#cos[column]! * turnCos - this.#sin[column]! * turnSin;
			ray.dy = this.#sin[column]! * turnCos + this.#cos[column]! * turnSin;
		}
	}

	#fill(column: number, i: number, bottomM: number, topM: number): void {
		const { nearM, farM, incidence } = this.#hit;
		const slopes = this.#slopes;
		const rings = slopes.length;
		const first = column * rings;
		const distances = this.#distancesM;
		const reflectivity = this.#boxes.reflectivity[i]!;
		for (let ring = 0; ring < rings; ring++) {
			const slope = slopes[ring]!;
			const heightM = slope * nearM;
			let distance = nearM;
			let facing = incidence;
			if (heightM > topM) {
				// Over the front: it may come down on the roof.
				distance = topM / slope;
				facing = -slope;
				if (!(slope < 0 && distance < farM)) continue;
			} else if (heightM < bottomM) {
				distance = bottomM / slope;
				facing = slope;
				if (!(slope > 0 && distance < farM)) continue;
			}
			const at = first + ring;
			if (!(distance < distances[at]!)) continue;
			distances[at] = distance;
			this.#brightness[at] = reflectivity * (0.4 + 0.6 * facing);
			this.#owners[at] = this.#boxes.owners[i]!;
		}
	}

	/** From distances to points, with what noise and weather do to them. */
	#tell(into: Points, weather: Weather): void {
		const { azimuthCount, periodS, rangeM, nearestM } = this.options;
		const { rangeDeviationM, intensityDeviation, dropout } = this.options;
		const random = this.#random;
		const slopes = this.#slopes;
		const rings = slopes.length;
		const xyzi = into.xyzi;
		const timesS = into.timesS!;
		const lossPerM = weather.lossPer50M / 50;
		this.hitCounts.fill(0);
		let count = 0;
		for (let column = 0; column < azimuthCount; column++) {
			const cos = this.#cos[column]!;
			const sin = this.#sin[column]!;
			const timeS = (periodS * (column + 1)) / azimuthCount;
			const first = column * rings;
			for (let ring = 0; ring < rings; ring++) {
				let distance = this.#distancesM[first + ring]!;
				// The highest bits are the luck of the ray, the lowest its noise.
				const bits = random.nextUint32();
				const luck = bits / 0x1_0000_0000;
				if (luck < weather.clutterShare)
					distance = Math.min(distance, 1 + 14 * (luck / weather.clutterShare));
				else if (
					!(distance < rangeM && distance > nearestM) ||
					luck > 1 - dropout - lossPerM * distance
				)
					continue;
				else {
					const owner = this.#owners[first + ring]!;
					if (owner !== NONE) this.hitCounts[owner]!++;
				}
				const r = distance + rangeDeviationM * this.#noise.at(bits);
				const at = POINT_STRIDE * count;
				xyzi[at] = r * cos;
				xyzi[at + 1] = r * sin;
				xyzi[at + 2] = r * slopes[ring]!;
				xyzi[at + 3] = Math.max(
					0,
					Math.min(
						1,
						this.#brightness[first + ring]! +
							intensityDeviation * this.#noise.at(bits >>> 12),
					),
				);
				timesS[count++] = timeS;
			}
		}
		into.count = count;
	}
}

interface ColumnRay {
	xM: number;
	yM: number;
	dx: number;
	dy: number;
	timeS: number;
}
