// The street and everybody in it, moved on in steps of 20 ms. Nobody passes through anybody: who would stays where he is.
// Only those on foot know the vehicle: they do not walk into it when it stands, and look before they step out.
import { Random } from "../random.ts";
import { type Agent, placeAgent } from "./agent.ts";
import { laneAccelerationMps2 } from "./lane-traffic.ts";
import { populate } from "./populate.ts";
import { footprintsOverlap, type VehicleInStreet } from "./rectangles.ts";
import { Road } from "./road.ts";
import { crossingSpeedMps } from "./walking.ts";
import { randomWeather, type Weather } from "./weather.ts";

export const WORLD_STEP_S = 0.02;

const BEHIND_M = 130;
/** What the vehicle can drive, and as far as it can see from there. */
const AHEAD_M = 600;
/** Kept between bodies. */
const BODY_ROOM_M = 0.1;
/** A walker keeps so much from a vehicle that stands. */
const VEHICLE_ROOM_M = 0.4;
const STANDING_MPS = 1;

export interface WorldParts {
	readonly road: Road;
	/** Each at its own index, placed. */
	readonly agents: readonly Agent[];
	readonly weather: Weather;
	/** Speed at which the vehicle goes where nothing is in its way. */
	readonly cruiseMps: number;
}

/** The street that a seed tells. */
export function createWorld(seed: number): World {
	const random = new Random(seed);
	const road = new Road(random.stream(1), -BEHIND_M, AHEAD_M);
	const cruiseMps = random.stream(3).between(9, 14);
	return new World({
		road,
		weather: randomWeather(random.stream(2)),
		cruiseMps,
		agents: populate(random.stream(4), road, cruiseMps),
	});
}

export class World {
	readonly road: Road;
	readonly agents: readonly Agent[];
	readonly weather: Weather;
	readonly cruiseMps: number;
	#steps = 0;

	constructor(parts: WorldParts) {
		this.road = parts.road;
		this.agents = parts.agents;
		this.weather = parts.weather;
		this.cruiseMps = parts.cruiseMps;
	}

	get timeS(): number {
		return this.#steps * WORLD_STEP_S;
	}

	/** Moves everybody on by `WORLD_STEP_S`. */
	step(vehicle: VehicleInStreet | null): void {
		const { agents, road, timeS } = this;
		for (const agent of agents) {
			const { motion } = agent;
			switch (motion.kind) {
				case "still":
					continue;
				case "lane": {
					const gain = laneAccelerationMps2(agent, motion, agents, timeS);
					motion.speedMps = Math.max(0, motion.speedMps + gain * WORLD_STEP_S);
					this.#advance(agent, motion, motion.direction, 0);
					break;
				}
				case "pavement":
					motion.speedMps = motion.wishMps;
					this.#advance(agent, motion, motion.direction, 0);
					break;
				case "crossing": {
					const side = Math.sign(motion.toOffsetM - motion.offsetM);
					motion.speedMps = crossingSpeedMps(motion, agents, {
						timeS,
						stepS: WORLD_STEP_S,
						vehicle,
					});
					this.#advance(agent, motion, 0, side, vehicle);
					break;
				}
			}
			placeAgent(agent, road);
		}
		this.#steps++;
	}

	/** Goes a step along and to the left, unless somebody is there. */
	#advance(
		agent: Agent,
		motion: { alongM: number; offsetM: number; speedMps: number },
		along: number,
		left: number,
		vehicle: VehicleInStreet | null = null,
	): void {
		if (motion.speedMps === 0) return;
		const stepM = motion.speedMps * WORLD_STEP_S;
		motion.alongM += along * stepM;
		motion.offsetM += left * stepM;
		placeAgent(agent, this.road);
		if (!this.#isTaken(agent) && !isInVehicle(agent, vehicle)) return;
		motion.alongM -= along * stepM;
		motion.offsetM -= left * stepM;
		motion.speedMps = 0;
	}

	#isTaken(agent: Agent): boolean {
		for (const other of this.agents)
			if (
				other !== agent &&
				footprintsOverlap(agent.footprint, other.footprint, BODY_ROOM_M)
			)
				return true;
		return false;
	}
}

function isInVehicle(agent: Agent, vehicle: VehicleInStreet | null): boolean {
	if (vehicle === null || vehicle.speedMps > STANDING_MPS) return false;
	return footprintsOverlap(agent.footprint, vehicle.footprint, VEHICLE_ROOM_M);
}
