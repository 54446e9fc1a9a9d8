// Drives in real time, one street after the other, until the time is over.
import { GrpcClient } from "@saccade/client/grpc";
import { driveSeeds, runDrive, truthful } from "@saccade/drive";
import type { DriveReport } from "./drive-report.ts";
import { FrameTally } from "./frame-tally.ts";
import { DEADLINES_MS, driveStreet } from "./vehicle-link.ts";

export interface RealTimeOptions {
	/** Of the server's gRPC port. */
	readonly address: string;
	readonly seed: number;
	/** Infinity: until the signal. */
	readonly seconds: number;
	/** @default true */
	readonly hasCamera?: boolean;
	/** How many times as often as they should LiDAR and camera speak. @default 1 */
	readonly rate?: number;
	readonly signal: AbortSignal;
	/** Hears of each street. */
	readonly onStreet?: (seed: number) => void;
}

/** Before anything is counted: code runs slowly until the engine has seen what is used. */
const RUN_IN_S = 3;
/** How long one street lasts. */
const STREET_S = 20;
/** Streets of one seed; then they come again. */
const STREET_COUNT = 1000;

export async function driveInRealTime(
	options: RealTimeOptions,
): Promise<DriveReport> {
	const { address, seconds, signal, onStreet } = options;
	const { hasCamera = true, rate = 1 } = options;
	const deadlines = hasCamera ? DEADLINES_MS : { lidar: DEADLINES_MS.lidar };
	const client = new GrpcClient(address);
	const streets = streetsOf(options.seed);
	const tally = new FrameTally(deadlines, rate > 1);
	const common = { hasCamera, rate, signal };
	let drivenS = 0;
	try {
		const { value: first } = await streets.next();
		await driveStreet(client, new FrameTally(deadlines), {
			seed: first,
			durationS: RUN_IN_S,
			...common,
		});
		for (let leftS = seconds; leftS > 0 && !signal.aborted; ) {
			const { value: seed } = await streets.next();
			const durationS = Math.min(STREET_S, leftS);
			onStreet?.(seed);
			const beginMs = performance.now();
			await driveStreet(client, tally, { seed, durationS, ...common });
			drivenS += (performance.now() - beginMs) / 1000;
			leftS -= durationS;
		}
	} finally {
		client.close();
	}
	return tally.report(drivenS, RUN_IN_S);
}

/** Those that a driver who knows the truth masters: what nobody can avoid says nothing about perception. */
async function* streetsOf(seed: number): AsyncGenerator<number, never> {
	for (;;)
		for (const street of driveSeeds(seed, STREET_COUNT)) {
			const truth = await runDrive({
				seed: street,
				driver: truthful,
				judgeBrakes: false,
			});
			if (truth.collision === null) yield street;
		}
}
