// Placement by predicted completion against round robin over the same unequal devices, and what is left of it when
// one device is lost under load. Simulated devices with stated curves; both sides batch by predicted completion, so
// that the difference is where batches go.
import {
	type ClaimModule,
	type ClaimOptions,
	compare,
	type Side,
} from "./claim.ts";
import { type Driven, drive } from "./placement/drive.ts";
import {
	DEVICES,
	type Dealing,
	Fleet,
	MAX_BATCH,
	ratedPerSecond,
} from "./placement/fleet.ts";

/** Four times what a full batch takes on the slowest device. */
const DEADLINE_MS = 440;
const LEAD_MS = 1000;
const RATED_PER_SECOND = DEVICES.reduce(
	(sum, device) => sum + ratedPerSecond(device),
	0,
);
/**
 * Somewhat more than all devices together can do. Below that a batch that ends first on a fast device goes there, and
 * a slow one is left idle for it: the spread would tell how much it was needed, and not how work was dealt.
 */
const RATE_PER_SECOND = 1.05 * RATED_PER_SECOND;

export const placement: ClaimModule = {
	name: "placement",
	claim:
		"each batch goes where it ends first, against round robin, on unequal devices",
	async run(options) {
		options.attach(
			"devices",
			DEVICES.map((device) => ({
				...device,
				curveMs: JSON.stringify(device.curveMs),
				ratedPerSecond: ratedPerSecond(device),
			})),
		);
		const rounds = { placed: [] as Driven[], "round-robin": [] as Driven[] };
		for (let round = 0; round < options.rounds; round++)
			for (const dealing of order(round)) {
				const driven = await lap(dealing, round, options);
				rounds[dealing].push(driven);
				options.log(
					`  round ${round + 1} ${dealing}: ${show(driven, options)}`,
				);
			}
		options.attach(
			"deviceLoads",
			order(0).flatMap((dealing) =>
				rounds[dealing].map((driven, round) => ({
					dealing,
					round,
					...Object.fromEntries(
						loads(driven, options.seconds).map((load, index) => [
							DEVICES[index]!.name,
							load,
						]),
					),
				})),
			),
		);
		const side = (
			dealing: Dealing,
			value: (driven: Driven) => number,
		): Side => ({
			settings: SETTINGS[dealing],
			values: rounds[dealing].map(value),
		});
		const perSecond = ({ inTimeMs }: Driven) =>
			inTimeMs.length / options.seconds;
		const spreadOf = (driven: Driven) =>
			100 * deviation(loads(driven, options.seconds));
		return [
			compare(
				{
					claim: `answers within ${DEADLINE_MS} ms at ${RATE_PER_SECOND.toFixed(0)}/s on three unequal devices`,
					unit: "1/s",
				},
				side("round-robin", perSecond),
				side("placed", perSecond),
				{ of: "ratio", atLeast: 1.2 },
			),
			compare(
				{
					claim:
						"spread of load: deviation of the share of its rated speed at which each device answers",
					unit: "%",
				},
				side("round-robin", spreadOf),
				side("placed", spreadOf),
				{ of: "ours", atMost: 4 },
			),
		];
	},
};

const SETTINGS: Readonly<Record<Dealing, string>> = {
	"round-robin": `request i goes to device i mod ${DEVICES.length}, each with a queue of its own; deadline policy, batches of up to ${MAX_BATCH}`,
	placed: `one queue, each batch to the device on which it ends first; deadline policy, batches of up to ${MAX_BATCH}`,
};

async function lap(
	dealing: Dealing,
	seed: number,
	{ seconds }: ClaimOptions,
): Promise<Driven> {
	const fleet = await Fleet.open(dealing);
	try {
		return await drive({
			fleet,
			ratePerSecond: RATE_PER_SECOND,
			deadlineMs: DEADLINE_MS,
			leadMs: LEAD_MS,
			windowMs: seconds * 1000,
			seed: seed + 1,
		});
	} finally {
		await fleet.close();
	}
}

// ── one device lost ──────────────────────────────────────────────────────────────────────────────────────────

/** Windows in which recovery is looked for, and what of the remaining capacity they must reach. */
const SLIDE_MS = 300;
const STEP_MS = 10;
const BACK_AT = 0.95;
const LOST_MS = 3000;
const LOST_RATE_PER_SECOND = 0.9 * RATED_PER_SECOND;

/** The fastest of three hangs for good while more is offered than the others can do. */
export const deviceLost: ClaimModule = {
	name: "device-lost",
	claim:
		"one device hangs under load: every request has one outcome, and goodput is back to what the others can do",
	async run({ rounds, log }) {
		const remaining: number[] = [];
		const after: number[] = [];
		const backS: number[] = [];
		const withoutS: number[] = [];
		for (let round = 0; round < rounds; round++) {
			const alone = await lose("placed", round, false);
			const capacity = alone.inTimeMs.length / (LOST_MS / 1000);
			const ours = await lose("placed", round, true);
			const theirs = await lose("round-robin", round, true);
			remaining.push(capacity);
			after.push(perSecondFrom(ours, 1000));
			backS.push(backAfterMs(ours, capacity) / 1000);
			withoutS.push(backAfterMs(theirs, capacity) / 1000);
			log(
				`  round ${round + 1}: the others alone ${capacity.toFixed(0)}/s, with the loss ${after[round]?.toFixed(0)}/s, back after ${backS[round]?.toFixed(2)} s; round robin after ${withoutS[round]?.toFixed(2)} s; ${ours.submitted} requests, ${ours.refused} refused, ${ours.late} late`,
			);
		}
		const settings = `the fastest of three devices hangs at ${LOST_RATE_PER_SECOND.toFixed(0)}/s, deadline ${DEADLINE_MS} ms`;
		return [
			compare(
				{
					claim: "goodput from 1 s after the loss of a device on",
					unit: "1/s",
				},
				{
					settings: "the devices that remain, alone, under the same load",
					values: remaining,
				},
				{ settings, values: after },
				{ of: "ratio", atLeast: BACK_AT },
			),
			compare(
				{
					claim: `until goodput is back at ${100 * BACK_AT} % of what the others can do (${LOST_MS / 1000}: never)`,
					unit: "s",
				},
				{ settings: SETTINGS["round-robin"], values: withoutS },
				{ settings, values: backS },
				{ of: "ours", atMost: 1 },
			),
		];
	},
};

/** @param isLost false: the fleet never had the device */
async function lose(
	dealing: Dealing,
	seed: number,
	isLost: boolean,
): Promise<Driven> {
	const fleet = await Fleet.open(dealing, isLost ? DEVICES : DEVICES.slice(1));
	let isDone = false;
	try {
		const driven = await drive({
			fleet,
			ratePerSecond: LOST_RATE_PER_SECOND,
			deadlineMs: DEADLINE_MS,
			leadMs: LEAD_MS,
			windowMs: LOST_MS,
			seed: seed + 1,
			onWindow: () => {
				if (isLost) fleet.devices[0]?.setFault({ kind: "hang" });
			},
		});
		isDone = true;
		return driven;
	} finally {
		if (isDone) fleet.devices[0]?.setFault(null);
		await fleet.close();
	}
}

function perSecondFrom({ inTimeMs }: Driven, fromMs: number): number {
	const count = inTimeMs.filter((ms) => ms >= fromMs).length;
	return (count * 1000) / (LOST_MS - fromMs);
}

/** When the first of two stretches in a row begins in which goodput is back; the whole window when it never is. */
function backAfterMs({ inTimeMs }: Driven, capacity: number): number {
	const needed = (BACK_AT * capacity * SLIDE_MS) / 1000;
	const isBack = (fromMs: number) =>
		inTimeMs.filter((ms) => ms >= fromMs && ms < fromMs + SLIDE_MS).length >=
		needed;
	for (let fromMs = 0; fromMs + 2 * SLIDE_MS <= LOST_MS; fromMs += STEP_MS)
		if (isBack(fromMs) && isBack(fromMs + SLIDE_MS)) return fromMs;
	return LOST_MS;
}

function order(round: number): readonly Dealing[] {
	return round % 2 === 0
		? ["round-robin", "placed"]
		: ["placed", "round-robin"];
}

/** Share of its rated speed at which each device answered. */
function loads({ deviceRows }: Driven, seconds: number): number[] {
	return DEVICES.map(
		(device, index) =>
			(deviceRows[index] ?? 0) / seconds / ratedPerSecond(device),
	);
}

function deviation(values: readonly number[]): number {
	const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
	const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
	return Math.sqrt(squares / values.length);
}

function show(driven: Driven, { seconds }: ClaimOptions): string {
	const shares = loads(driven, seconds).map((load) => load.toFixed(2));
	return `${(driven.inTimeMs.length / seconds).toFixed(0)}/s in time, loads ${shares.join(" ")}`;
}
