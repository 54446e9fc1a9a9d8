// Driving in a lane: the intelligent driver model, towards a wished speed and behind whoever is ahead.
// Treiber, Hennecke, Helbing 2000, https://doi.org/10.1103/PhysRevE.62.1805
import type { Agent, LaneMotion } from "./agent.ts";
import { STREET } from "./road.ts";

const ACCELERATION_MPS2 = 1.4;
const COMFORT_MPS2 = 2;
const HARDEST_MPS2 = 8;
const STANDSTILL_GAP_M = 2.5;
const HEADWAY_S = 1.2;
/** What passes at less than this counts as in the way. */
const SIDE_ROOM_M = 0.4;

/** Acceleration of one who drives in a lane, among all others at this instant. */
export function laneAccelerationMps2(
	agent: Agent,
	motion: LaneMotion,
	agents: readonly Agent[],
	timeS: number,
): number {
	const isStopping = timeS >= motion.stopsFromS && timeS < motion.stopsUntilS;
	let wished = isStopping
		? -motion.stopMps2
		: ACCELERATION_MPS2 *
			(1 - (motion.speedMps / Math.max(motion.wishMps, 0.1)) ** 4);
	for (const other of agents) {
		const gapM = gapBehindM(agent, motion, other);
		if (gapM === Number.POSITIVE_INFINITY) continue;
		wished = Math.min(wished, followMps2(motion, other, gapM));
	}
	return Math.max(wished, -HARDEST_MPS2);
}

function followMps2(motion: LaneMotion, other: Agent, gapM: number): number {
	const leadMps = other.motion.kind === "lane" ? other.motion.speedMps : 0;
	const { speedMps } = motion;
	const closing = speedMps - leadMps;
	const wishedGapM =
		STANDSTILL_GAP_M +
		Math.max(
			0,
			speedMps * HEADWAY_S +
				(speedMps * closing) /
					(2 * Math.sqrt(ACCELERATION_MPS2 * COMFORT_MPS2)),
		);
	const share = wishedGapM / Math.max(gapM, 0.1);
	return ACCELERATION_MPS2 * (1 - share * share);
}

/** Bumper to bumper to another who is ahead in the same lane, or about to walk across it; Infinity for all others. */
function gapBehindM(agent: Agent, motion: LaneMotion, other: Agent): number {
	const theirs = other.motion;
	if (other === agent || (theirs.kind !== "lane" && theirs.kind !== "crossing"))
		return Number.POSITIVE_INFINITY;
	const isLane = theirs.kind === "lane";
	if (isLane && theirs.direction !== motion.direction)
		return Number.POSITIVE_INFINITY;
	const centreM = (theirs.alongM - motion.alongM) * motion.direction;
	const halfTheirs = (isLane ? other.shape.lengthM : other.shape.widthM) / 2;
	const gapM = centreM - halfTheirs - agent.shape.lengthM / 2;
	if (centreM <= 0 || gapM > 60) return Number.POSITIVE_INFINITY;
	const sideM = Math.abs(theirs.offsetM - motion.offsetM);
	const reachM = isLane
		? (agent.shape.widthM + other.shape.widthM) / 2 + SIDE_ROOM_M
		: STREET.laneWidthM / 2 + SIDE_ROOM_M + theirs.speedMps;
	return sideM < reachM ? gapM : Number.POSITIVE_INFINITY;
}
