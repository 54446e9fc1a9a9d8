// From tracks to a command. Two questions about each confirmed track: does it meet the vehicle's path while the vehicle
// is there (constant velocities, rectangles), and what deceleration avoids that? The hardest answer wins.
// It is closing² / (2 · distance left), with the reaction time and a standoff taken off the distance.
import { TRACK_CONFIRMED, type Tracks } from "../tracking/tracks.ts";
import type { DriveCommand, DriveDecision, DriveReason } from "./decision.ts";
import { type EgoState, toPathFrame } from "./path-frame.ts";
import {
	type Contact,
	createMovingBox,
	findContact,
	type MovingBox,
} from "./time-to-collision.ts";

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

const DEFAULTS = {
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

const HARDNESS: Readonly<Record<DriveCommand, number>> = {
	keep: 0,
	slow: 1,
	degrade: 2,
	brake: 3,
};
/** Less left to stop in than this is nothing left, but nothing divides by 0. */
const MIN_LEFT_M = 0.1;
const MIN_LEFT_S = 0.1;
/** Less than any clock of a sensor tells. */
const TINY_S = 1e-6;
/** Who comes at the vehicle's side later than this has time to see it. */
const BESIDE_S = 1.5;
/** So much faster than the vehicle, one ahead of it opens the gap by itself. */
const OPENING_MPS = 0.5;
/** What is new seems to move in any way, at first: that is no lag. */
const SETTLED_MPS = 1;
/** Who hardly moves need not brake hard, whatever comes: nothing is to be gained by standing sooner than this. */
const SHORTEST_STOP_S = 0.3;
/** The brakes get a little more than what just avoids it, since nobody measures exactly. */
const BRAKE_RESERVE = 1.2;

/** One vehicle; `decide` allocates nothing and remembers nothing but what the decision holds. */
export class DecisionPolicy {
	readonly #options: Required<DecisionOptions>;
	readonly #ego: MovingBox = createMovingBox();
	readonly #other: MovingBox = createMovingBox();
	readonly #contact: Contact = { startS: 0, endS: 0 };
	readonly #hazard: Hazard = createHazard();
	/** One ahead that brakes is seen to do so late: by so much it may be slower than it seems. */
	#lagMps = 0;
	/** The one ahead that limits the speed most, and to what. */
	readonly #lead: Hazard = createHazard();

	constructor(options: DecisionOptions) {
		this.#options = { ...DEFAULTS, ...options };
	}

	/**
	 * Replaces `decision`, which holds the one before, by what to do now.
	 * @param tracksTimeS when the tracks were last updated, on the clock of `ego.timeS`
	 */
	decide(
		ego: EgoState,
		tracks: Tracks,
		tracksTimeS: number,
		decision: DriveDecision,
	): void {
		const { command, accelerationMps2, targetSpeedMps, causedAtS } = decision;
		const { requiredMps2: before, pressingSinceS } = decision;
		const { blindS, staleS, holdS } = this.#options;
		clear(decision);
		const ageS = Math.max(0, ego.timeS - tracksTimeS);
		const isKnown = isValid(ego, ageS);
		if (!isKnown || ageS > blindS) {
			this.#stop(decision, isKnown ? "stale-perception" : "invalid-state", ego);
			return;
		}
		this.#placeEgo(ego);
		this.#lead.speedMps = Number.POSITIVE_INFINITY;
		for (let i = 0; i < tracks.count; i++)
			if (tracks.stages[i] === TRACK_CONFIRMED)
				this.#consider(ego, tracks, i, ageS, decision);
		// A doubling is news, whatever was there before.
		if (before >= decision.requiredMps2 / 2)
			decision.pressingSinceS = Math.min(pressingSinceS, ego.timeS);
		else decision.pressingSinceS = ego.timeS;
		this.#command(ego, decision);
		const isMilder = HARDNESS[decision.command] < HARDNESS[command];
		if (isMilder && command !== "degrade" && ego.timeS - causedAtS < holdS) {
			if (decision.command === "keep") decision.reason = "holding";
			decision.command = command;
			decision.accelerationMps2 = Math.min(
				decision.accelerationMps2,
				accelerationMps2,
			);
			decision.targetSpeedMps = Math.min(
				decision.targetSpeedMps,
				targetSpeedMps,
			);
			decision.causedAtS = causedAtS;
		}
		if (ageS > staleS && decision.command !== "brake")
			this.#degrade(ego, decision);
	}

	#placeEgo({ speedMps }: EgoState): void {
		const { vehicle, sideMarginM } = this.#options;
		this.#ego.xM = (vehicle.frontM - vehicle.rearM) / 2;
		this.#ego.halfXM = (vehicle.frontM + vehicle.rearM) / 2;
		this.#ego.halfYM = vehicle.widthM / 2 + sideMarginM;
		this.#ego.velocityXMps = speedMps;
	}

	/** Leaves in `decision` the track that asks for the hardest deceleration. */
	#consider(
		ego: EgoState,
		tracks: Tracks,
		i: number,
		ageS: number,
		decision: DriveDecision,
	): void {
		const options = this.#options;
		const other = this.#other;
		toPathFrame(tracks, i, ego, ageS, other);
		const isBehind = other.xM + other.halfXM < -options.vehicle.rearM;
		if (isBehind) return;
		const acrossMps = other.velocityYMps;
		const speedMps = Math.hypot(other.velocityXMps, acrossMps);
		const velocityDeviation = Math.sqrt(tracks.velocityVariance[i]!);
		this.#lagMps =
			velocityDeviation < SETTLED_MPS
				? options.doubtDeviations * velocityDeviation
				: 0;
		const deviation = Math.hypot(
			velocityDeviation,
			options.courseDeviationRad * speedMps,
		);
		this.#judge(
			ego,
			tracks.ids[i]!,
			doubted(acrossMps, deviation, options),
			decision,
		);
		// Slower is not safer: who seems to come too late may come in time.
		if (Math.abs(acrossMps) > options.certainDeviations * deviation)
			this.#judge(ego, tracks.ids[i]!, acrossMps, decision);
	}

	/** The same, for one guess of the velocity across the path. */
	#judge(
		ego: EgoState,
		trackId: number,
		acrossMps: number,
		decision: DriveDecision,
	): void {
		const options = this.#options;
		const other = this.#other;
		other.velocityYMps = acrossMps;
		const gapM = other.xM - other.halfXM - options.vehicle.frontM;
		findContact(this.#ego, other, this.#contact);
		const contactS = this.#contact.startS;
		const reach = this.#ego.halfYM + other.halfYM;
		const isInPath = Math.abs(other.yM) <= reach;
		const hazard = this.#hazard;
		hazard.trackId = trackId;
		hazard.timeToCollisionS = contactS;
		hazard.gapM = gapM;
		hazard.speedMps = Math.max(0, other.velocityXMps);
		if (gapM < 0) {
			this.#judgeBeside(ego, reach, decision);
			return;
		}
		const lagMps = isInPath ? this.#lagMps : 0;
		const closingMps = ego.speedMps - other.velocityXMps + lagMps;
		if (contactS <= options.horizonS) {
			const { periodS } = options;
			hazard.requiredMps2 = this.#requiredMps2(gapM, closingMps);
			hazard.requiredNextMps2 = this.#requiredMps2(
				gapM - Math.max(0, closingMps) * periodS,
				closingMps,
			);
			// Who crosses so near that nobody stops before him will come at the side.
			if (!isInPath && hazard.requiredMps2 >= options.maxBrakeMps2)
				this.#standBy(ego, contactS);
			worsen(decision, isInPath ? "closing" : "crossing", hazard);
		}
		if (isInPath) this.#follow(ego, closingMps, decision);
	}

	/** What shares the vehicle's place, or comes at its side: against that it helps to stand, if there is time to. */
	#judgeBeside(ego: EgoState, reach: number, decision: DriveDecision): void {
		const { sideMarginM, maxBrakeMps2 } = this.#options;
		const hazard = this.#hazard;
		if (Math.abs(this.#other.yM) <= reach - sideMarginM) {
			hazard.requiredMps2 = maxBrakeMps2;
			hazard.requiredNextMps2 = maxBrakeMps2;
			worsen(decision, "touching", hazard);
			return;
		}
		const isComing = this.#other.yM * this.#other.velocityYMps < 0;
		const contactS = hazard.timeToCollisionS;
		if (!isComing || contactS > BESIDE_S) return;
		hazard.speedMps = 0;
		this.#standBy(ego, contactS);
		worsen(decision, "crossing", hazard);
	}

	/** The deceleration to stand when somebody comes at the side. */
	#standBy(ego: EgoState, contactS: number): void {
		const { maxBrakeMps2, reactionS, periodS } = this.#options;
		const hazard = this.#hazard;
		const leftS = contactS - reactionS;
		const stopMps2 = ego.speedMps / Math.max(leftS, MIN_LEFT_S);
		const nextMps2 = ego.speedMps / Math.max(leftS - periodS, MIN_LEFT_S);
		hazard.requiredMps2 = Math.min(stopMps2, maxBrakeMps2);
		hazard.requiredNextMps2 = Math.min(nextMps2, maxBrakeMps2);
	}

	/** Limits the speed to that of the one ahead and what corrects the gap (constant time headway). */
	#follow(ego: EgoState, closingMps: number, decision: DriveDecision): void {
		const { standoffM, headwayS, followS, slowMps2 } = this.#options;
		const { gapM, speedMps } = this.#hazard;
		const wishedM = standoffM + headwayS * speedMps;
		const limitMps = Math.max(0, speedMps + (gapM - wishedM) / followS);
		if (limitMps < this.#lead.speedMps) {
			Object.assign(this.#lead, this.#hazard);
			this.#lead.speedMps = limitMps;
		}
		const nearM = Math.max(headwayS * ego.speedMps, standoffM);
		if (gapM >= nearM || closingMps <= -OPENING_MPS) return;
		this.#hazard.requiredMps2 = slowMps2;
		this.#hazard.requiredNextMps2 = slowMps2;
		worsen(decision, "too-near", this.#hazard);
	}

	/** Deceleration after the reaction time that leaves the standoff, or half the gap where that is less. */
	#requiredMps2(gapM: number, closingMps: number): number {
		const { standoffM, reactionS, maxBrakeMps2 } = this.#options;
		const leftM =
			gapM -
			Math.min(standoffM, gapM / 2) -
			Math.max(0, closingMps) * reactionS;
		const required =
			(closingMps * closingMps) / (2 * Math.max(leftM, MIN_LEFT_M));
		return Math.min(required, maxBrakeMps2);
	}

	#command(ego: EgoState, decision: DriveDecision): void {
		const { slowMps2, brakeMps2, maxBrakeMps2, firstS } = this.#options;
		const required = decision.requiredMps2;
		const pressingS = ego.timeS - decision.pressingSinceS;
		const mayWait =
			pressingS < firstS - TINY_S && decision.requiredNextMps2 < maxBrakeMps2;
		if (required >= brakeMps2) {
			decision.command = "brake";
			decision.accelerationMps2 = -Math.min(
				required * BRAKE_RESERVE,
				mayWait ? this.#options.firstBrakeMps2 : maxBrakeMps2,
				ego.speedMps / SHORTEST_STOP_S,
			);
		} else if (required >= slowMps2) {
			decision.command = "slow";
			decision.accelerationMps2 = -required;
		} else {
			clear(decision);
			if (this.#lead.speedMps < ego.speedMps)
				describe(decision, "following", this.#lead);
			decision.targetSpeedMps = this.#lead.speedMps;
			return;
		}
		decision.targetSpeedMps = Math.min(
			decision.targetSpeedMps,
			this.#lead.speedMps,
		);
		decision.causedAtS = ego.timeS;
	}

	#degrade(ego: EgoState, decision: DriveDecision): void {
		const { degradedSpeedMps, degradeMps2 } = this.#options;
		decision.command = "degrade";
		decision.reason = "stale-perception";
		decision.targetSpeedMps = Math.min(
			decision.targetSpeedMps,
			degradedSpeedMps,
		);
		if (ego.speedMps > decision.targetSpeedMps)
			decision.accelerationMps2 = Math.min(
				decision.accelerationMps2,
				-degradeMps2,
			);
	}

	/** Nobody knows what is ahead. */
	#stop(decision: DriveDecision, reason: DriveReason, ego: EgoState): void {
		decision.command = "brake";
		decision.reason = reason;
		decision.accelerationMps2 = -this.#options.brakeMps2;
		decision.targetSpeedMps = 0;
		decision.causedAtS = ego.timeS;
	}
}

/** Nearer to 0 by the doubt about it. */
function doubted(
	value: number,
	deviation: number,
	{ doubtDeviations }: Required<DecisionOptions>,
): number {
	const left = Math.abs(value) - doubtDeviations * deviation;
	return Math.sign(value) * Math.max(0, left);
}

interface Hazard {
	trackId: number;
	requiredMps2: number;
	/** If nothing is done until the next decision. */
	requiredNextMps2: number;
	timeToCollisionS: number;
	gapM: number;
	/** Along the path. */
	speedMps: number;
}

function createHazard(): Hazard {
	return {
		trackId: 0,
		requiredMps2: 0,
		requiredNextMps2: 0,
		timeToCollisionS: 0,
		gapM: 0,
		speedMps: 0,
	};
}

function worsen(
	decision: DriveDecision,
	reason: DriveReason,
	hazard: Hazard,
): void {
	if (!(hazard.requiredMps2 > decision.requiredMps2)) return;
	decision.requiredMps2 = hazard.requiredMps2;
	decision.requiredNextMps2 = hazard.requiredNextMps2;
	describe(decision, reason, hazard);
}

function describe(
	decision: DriveDecision,
	reason: DriveReason,
	hazard: Hazard,
): void {
	decision.reason = reason;
	decision.trackId = hazard.trackId;
	decision.timeToCollisionS = hazard.timeToCollisionS;
	decision.gapM = hazard.gapM;
	decision.targetSpeedMps = hazard.speedMps;
}

function clear(decision: DriveDecision): void {
	decision.command = "keep";
	decision.reason = "clear";
	decision.accelerationMps2 = 0;
	decision.targetSpeedMps = Number.POSITIVE_INFINITY;
	decision.trackId = 0;
	decision.timeToCollisionS = Number.POSITIVE_INFINITY;
	decision.gapM = Number.POSITIVE_INFINITY;
	decision.requiredMps2 = 0;
	decision.requiredNextMps2 = 0;
	decision.pressingSinceS = Number.POSITIVE_INFINITY;
}

function isValid(ego: EgoState, ageS: number): boolean {
	// Anything not finite makes the sum not finite; an infinite age is a blind vehicle, not an invalid one.
	const sum =
		ego.timeS + ego.xM + ego.yM + ego.yawRad + ego.speedMps + ego.curvaturePerM;
	return Number.isFinite(sum) && !Number.isNaN(ageS);
}
