// From tracks to a command. Of each confirmed track it asks how it meets the vehicle's path while the vehicle is there
// (constant velocities, rectangles), and which hazards that is; the one that requires the hardest deceleration wins.

import { TRACK_CONFIRMED, type Tracks } from "../tracking/tracks.ts";
import { command, degrade, hold, press, stop, worsen } from "./commands.ts";
import {
	clearDecision,
	copyDecision,
	createDriveDecision,
	type DriveDecision,
} from "./decision.ts";
import {
	type DecisionOptions,
	type ResolvedDecisionOptions,
	resolveDecisionOptions,
} from "./decision-options.ts";
import {
	acrossDeviationMps,
	believedMps,
	isCertain,
	possibleLagMps,
} from "./doubt.ts";
import {
	createEncounter,
	type Encounter,
	meet,
	placeVehicle,
} from "./encounter.ts";
import { closing } from "./hazards/closing.ts";
import { crossing } from "./hazards/crossing.ts";
import { createDemand, type Demand, type Hazard } from "./hazards/hazard.ts";
import { sideImpact } from "./hazards/side-impact.ts";
import { tooNear } from "./hazards/too-near.ts";
import { touching } from "./hazards/touching.ts";
import { createLead, follow, forgetLead, type Lead } from "./lead.ts";
import { type EgoState, toPathFrame } from "./path-frame.ts";
import { createMovingBox, type MovingBox } from "./time-to-collision.ts";

/** Of those that require the same, the first one is the reason. */
const HAZARDS: readonly Hazard[] = [
	touching,
	sideImpact,
	closing,
	crossing,
	tooNear,
];

/** One vehicle; `decide` allocates nothing and remembers nothing but what the decision holds. */
export class DecisionPolicy {
	readonly #options: ResolvedDecisionOptions;
	readonly #vehicle: MovingBox = createMovingBox();
	readonly #other: MovingBox = createMovingBox();
	readonly #met: Encounter = createEncounter();
	readonly #demand: Demand = createDemand();
	readonly #lead: Lead = createLead();
	readonly #before: DriveDecision = createDriveDecision();

	constructor(options: DecisionOptions) {
		this.#options = resolveDecisionOptions(options);
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
		const options = this.#options;
		const nowS = ego.timeS;
		copyDecision(decision, this.#before);
		clearDecision(decision);
		const ageS = Math.max(0, nowS - tracksTimeS);
		if (!isValid(ego, ageS)) {
			stop(decision, "invalid-state", nowS, options);
			return;
		}
		if (ageS > options.blindS) {
			stop(decision, "stale-perception", nowS, options);
			return;
		}
		placeVehicle(options, ego.speedMps, this.#vehicle);
		forgetLead(this.#lead);
		for (let i = 0; i < tracks.count; i++)
			if (tracks.stages[i] === TRACK_CONFIRMED) {
				toPathFrame(tracks, i, ego, ageS, this.#other);
				this.#consider(tracks, i, decision);
			}
		press(decision, this.#before, nowS);
		command(decision, this.#lead, ego, options);
		hold(decision, this.#before, nowS, options);
		if (ageS > options.staleS && decision.command !== "brake")
			degrade(decision, ego, options);
	}

	#consider(tracks: Tracks, i: number, decision: DriveDecision): void {
		const options = this.#options;
		const other = this.#other;
		const isBehind = other.xM + other.halfXM < -options.vehicle.rearM;
		if (isBehind) return;
		const acrossMps = other.velocityYMps;
		const speedMps = Math.hypot(other.velocityXMps, acrossMps);
		const velocityDeviationMps = Math.sqrt(tracks.velocityVariance[i]!);
		const deviationMps = acrossDeviationMps(
			velocityDeviationMps,
			speedMps,
			options,
		);
		const lagMps = possibleLagMps(velocityDeviationMps, options);
		this.#met.trackId = tracks.ids[i]!;
		other.velocityYMps = believedMps(acrossMps, deviationMps, options);
		this.#judge(lagMps, decision);
		// Slower is not safer: who seems to come too late may come in time.
		if (!isCertain(acrossMps, deviationMps, options)) return;
		other.velocityYMps = acrossMps;
		this.#judge(lagMps, decision);
	}

	#judge(lagMps: number, decision: DriveDecision): void {
		const options = this.#options;
		const met = this.#met;
		meet(this.#vehicle, this.#other, lagMps, options, met);
		for (const hazard of HAZARDS) {
			const reason = hazard(met, options, this.#demand);
			if (reason !== null) worsen(decision, reason, met, this.#demand);
		}
		follow(met, options, this.#lead);
	}
}

function isValid(ego: EgoState, ageS: number): boolean {
	// Anything not finite makes the sum not finite; an infinite age is a blind vehicle, not an invalid one.
	const sum =
		ego.timeS + ego.xM + ego.yM + ego.yawRad + ego.speedMps + ego.curvaturePerM;
	return Number.isFinite(sum) && !Number.isNaN(ageS);
}
