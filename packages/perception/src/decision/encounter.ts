// How a track and the vehicle meet if both go on as they are: the numbers that every hazard is judged by. One object
// is filled anew for each track.
import type { ResolvedDecisionOptions } from "./decision-options.ts";
import {
	type Contact,
	findContact,
	type MovingBox,
} from "./time-to-collision.ts";

export interface Encounter {
	trackId: number;
	/** Of the vehicle. */
	egoSpeedMps: number;
	/** Of the track along the path; 0: it stands, or comes. */
	speedMps: number;
	/** From bumper to bumper, along the path. */
	gapM: number;
	/** How fast that shrinks, at worst. */
	closingMps: number;
	/** Until they touch; Infinity: never. */
	contactS: number;
	/** Not ahead: some of it is beside the vehicle, or in its place. */
	isBeside: boolean;
	/** Some of it is in the path of the vehicle and its side margins. */
	isInPath: boolean;
	/** Some of it is in the path of the vehicle itself. */
	isInOwnWidth: boolean;
	/** Its centre moves towards the middle of the path. */
	isComing: boolean;
}

export function createEncounter(): Encounter {
	return {
		trackId: 0,
		egoSpeedMps: 0,
		speedMps: 0,
		gapM: 0,
		closingMps: 0,
		contactS: Number.POSITIVE_INFINITY,
		isBeside: false,
		isInPath: false,
		isInOwnWidth: false,
		isComing: false,
	};
}

/** Puts the vehicle and its side margins where paths begin. */
export function placeVehicle(
	{ vehicle, sideMarginM }: ResolvedDecisionOptions,
	speedMps: number,
	into: MovingBox,
): void {
	into.xM = (vehicle.frontM - vehicle.rearM) / 2;
	into.halfXM = (vehicle.frontM + vehicle.rearM) / 2;
	into.halfYM = vehicle.widthM / 2 + sideMarginM;
	into.velocityXMps = speedMps;
}

const contact: Contact = { startS: 0, endS: 0 };

/**
 * Fills all of `met` but the track's id.
 * @param vehicle as `placeVehicle` leaves it
 * @param other in the same frame
 * @param lagMps by how much one ahead may be slower than it seems
 */
export function meet(
	vehicle: MovingBox,
	other: MovingBox,
	lagMps: number,
	options: ResolvedDecisionOptions,
	met: Encounter,
): void {
	findContact(vehicle, other, contact);
	const reachM = vehicle.halfYM + other.halfYM;
	const sideM = Math.abs(other.yM);
	met.egoSpeedMps = vehicle.velocityXMps;
	met.speedMps = Math.max(0, other.velocityXMps);
	met.gapM = other.xM - other.halfXM - options.vehicle.frontM;
	met.contactS = contact.startS;
	met.isBeside = met.gapM < 0;
	met.isInPath = sideM <= reachM;
	met.isInOwnWidth = sideM <= reachM - options.sideMarginM;
	met.isComing = other.yM * other.velocityYMps < 0;
	met.closingMps =
		vehicle.velocityXMps - other.velocityXMps + (met.isInPath ? lagMps : 0);
}
