// Several models on the same cores, together asked for more than the cores can do: what they answer in time, under the
// deadline policy, which counts the turns of the others in what it promises, and under Triton's, as it is and with a
// queue policy. Beside it what one model answers alone when all of that is asked of it.
import type { RunningServer } from "../lib/server-process.ts";
import {
	configOf,
	type PolicyName,
	serverArguments,
} from "../load/goodput/policies.ts";
import { findCapacity, type Probe } from "../load/goodput/search.ts";
import { GOODPUT_WORKLOADS } from "../load/goodput/workloads.ts";
import {
	type ClaimModule,
	type ClaimOptions,
	type ClaimTarget,
	compare,
	type Row,
	type Side,
} from "./claim.ts";
import { Copies, type Lap } from "./shared-cores/copies.ts";

const MODELS = 4;
/** Of what one model alone answers in time, all together. */
const LOAD = 1.2;
/** Far below what one core can do. */
const START_PER_SECOND = 300;
const PROBE_SECONDS = 0.8;

interface Contending {
	readonly name: string;
	readonly settings: string;
}

const SHIPPED =
	"policy deadline, as shipped; each request's deadline is all that it knows";
const ABOUT = {
	alone: {
		name: "one of them alone",
		settings: `the others unasked, ${SHIPPED}`,
	},
	triton: {
		name: "policy triton",
		settings: "policy triton, the same configuration",
	},
	"triton-tuned": {
		name: "policy triton with a queue policy",
		settings:
			"policy triton, time-out half the deadline, at most as many waiting as its share of the capacity serves in it",
	},
	deadline: { name: "policy deadline", settings: SHIPPED },
} as const satisfies Record<string, Contending>;
type Contender = keyof typeof ABOUT;
const CONTENDERS = Object.keys(ABOUT) as Contender[];

export const sharedCores: ClaimModule = {
	name: "shared-cores",
	claim: "models that share the cores answer in time what the cores can do",
	async run(options) {
		const fc = GOODPUT_WORKLOADS.find(({ id }) => id === "fc")!;
		const copies = await Copies.open(fc, MODELS);
		try {
			return await race(copies, fc.deadlineMs, options);
		} finally {
			await copies.close();
		}
	},
};

async function race(
	copies: Copies,
	deadlineMs: number,
	{ rounds, seconds, log }: ClaimOptions,
): Promise<Row[]> {
	const servers: RunningServer[] = [];
	const start = async (policy: PolicyName, capacityPerSecond: number) => {
		const server = await copies.start(
			(config) => configOf(policy, config, { deadlineMs }, capacityPerSecond),
			serverArguments(policy),
		);
		servers.push(server);
		return server;
	};
	try {
		const shipped = await start("deadline", 0);
		const capacity = await capacityOf(copies, shipped);
		log(`  one model alone: ${capacity.toFixed(0)}/s within ${deadlineMs} ms`);
		const serverOf: Record<Contender, RunningServer> = {
			alone: shipped,
			deadline: shipped,
			triton: await start("triton", 0),
			"triton-tuned": await start("triton-tuned", capacity / MODELS),
		};
		const offered = LOAD * capacity;
		const laps = new Map<Contender, Lap[]>(CONTENDERS.map((one) => [one, []]));
		for (let round = 0; round < rounds; round++)
			for (let i = 0; i < CONTENDERS.length; i++) {
				const contender = CONTENDERS[(round + i) % CONTENDERS.length]!;
				const askedCount = contender === "alone" ? 1 : MODELS;
				const lap = await copies.lap(serverOf[contender], {
					ratePerSecond: offered / askedCount,
					seconds,
					seed: round,
					askedCount,
				});
				laps.get(contender)!.push(lap);
				log(
					`  ${contender}: ${lap.inTimePerSecond.toFixed(0)}/s in time, ${lap.late} late`,
				);
			}
		const at = `${MODELS} fully connected nets, ${offered.toFixed(0)}/s arrive, answers within ${deadlineMs} ms`;
		return rowsOf(laps, at);
	} finally {
		for (const server of servers) await server.stop();
	}
}

function rowsOf(
	laps: ReadonlyMap<Contender, readonly Lap[]>,
	at: string,
): Row[] {
	const side = (contender: Contender): Side => {
		const own = laps.get(contender)!;
		return {
			settings: ABOUT[contender].settings,
			values: own.map(({ inTimePerSecond }) => inTimePerSecond),
			cpuUs: own.map(({ cpuUsPerAnswer }) => cpuUsPerAnswer),
		};
	};
	const against = (contender: Contender, target: ClaimTarget | null) =>
		compare(
			{ claim: `${at}: against ${ABOUT[contender].name}`, unit: "/s" },
			side(contender),
			side("deadline"),
			target,
		);
	return [
		against("triton", { of: "ratio", atLeast: 1.2 }),
		// It is told what nobody knows who does not measure first: the capacity, and how many models want it.
		against("triton-tuned", null),
		against("alone", null),
	];
}

/** What the first of them answers within the deadline while nobody asks the others. */
function capacityOf(copies: Copies, server: RunningServer): Promise<number> {
	let seed = 0;
	const probe: Probe = async (ratePerSecond) => {
		const { inTimePerSecond } = await copies.lap(server, {
			ratePerSecond,
			seconds: PROBE_SECONDS,
			seed: seed++,
			askedCount: 1,
		});
		return {
			goodputPerSecond: inTimePerSecond,
			shareInTime: inTimePerSecond / ratePerSecond,
		};
	};
	return findCapacity([probe], START_PER_SECOND);
}
