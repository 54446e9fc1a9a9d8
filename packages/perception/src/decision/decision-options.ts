// What a vehicle and those who answer for it choose.

/** From the point whose pose is given, mostly the rear axle. */
export interface VehicleShape {
	readonly frontM: number;
	readonly rearM: number;
	readonly widthM: number;
}

export interface DecisionOptions {
	readonly vehicle: VehicleShape;
	/** Kept free on each side of the vehicle. @default 0.3 */
	readonly sideMarginM?: number;
	/** Kept free before a standing object. @default 2 */
	readonly standoffM?: number;
	/**
	 * A velocity across the path counts by what it exceeds so many of its deviations: what is seen for the first time seems to
	 * move in any direction. Of one ahead that is known, the speed counts by as many less. 0: as it is estimated. @default 1
	 */
	readonly doubtDeviations?: number;
	/**
	 * Deviation of the direction in which a track moves, besides that of its velocity: at 10 m/s, 0.1 rad are 1 m/s across the
	 * path, which a detector that sees a car from its front alone may get wrong for as long as it sees it. @default 0.1
	 */
	readonly courseDeviationRad?: number;
	/** One that exceeds so many of its deviations counts as it is estimated, too. @default 2 */
	readonly certainDeviations?: number;
	/** From decision to deceleration. @default 0.2 */
	readonly reactionS?: number;
	/** Contacts farther away in time wait for a later decision. @default 6 */
	readonly horizonS?: number;
	/** Time between the vehicle and one ahead of it, after the standoff. @default 1 */
	readonly headwayS?: number;
	/** How slowly a gap that is not the wished one is corrected. @default 3 */
	readonly followS?: number;
	/** From this required deceleration on: slow. @default 1 */
	readonly slowMps2?: number;
	/** From this required deceleration on: brake. @default 3 */
	readonly brakeMps2?: number;
	/** What the brakes give. @default 8 */
	readonly maxBrakeMps2?: number;
	/**
	 * What they give at first, while the next decision is early enough to give more: an error of one sweep or two does not
	 * throw anybody forward. @default 3
	 */
	readonly firstBrakeMps2?: number;
	/** How long each decision must have asked for half of what is needed before that is at first no more. @default 0.2 */
	readonly firstS?: number;
	/** Until the next decision. @default 0.1 */
	readonly periodS?: number;
	/** How long a command outlives its cause, so that one missed detection does not release the brakes. @default 0.3 */
	readonly holdS?: number;
	/** Older tracks degrade. @default 0.3 */
	readonly staleS?: number;
	/** Older tracks brake to a stop. @default 1 */
	readonly blindS?: number;
	/** Speed while degraded, and how hard it is reached. @default 3 */
	readonly degradedSpeedMps?: number;
	/** @default 1.5 */
	readonly degradeMps2?: number;
}

const DEFAULTS: Required<Omit<DecisionOptions, "vehicle">> = {
	sideMarginM: 0.3,
	standoffM: 2,
	doubtDeviations: 1,
	courseDeviationRad: 0.1,
	certainDeviations: 2,
	reactionS: 0.2,
	horizonS: 6,
	headwayS: 1,
	followS: 3,
	slowMps2: 1,
	brakeMps2: 3,
	maxBrakeMps2: 8,
	firstBrakeMps2: 3,
	firstS: 0.2,
	periodS: 0.1,
	holdS: 0.3,
	staleS: 0.3,
	blindS: 1,
	degradedSpeedMps: 3,
	degradeMps2: 1.5,
};

export type ResolvedDecisionOptions = Required<DecisionOptions>;

export function resolveDecisionOptions(
	options: DecisionOptions,
): ResolvedDecisionOptions {
	return { ...DEFAULTS, ...options };
}
