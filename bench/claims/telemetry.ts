// Streaming gRPC against REST/JSON for telemetry: the same server, the same readings, the same Poisson arrivals. REST
// gets the best of a sweep over kept-alive connections. Its knee is the highest rate at which 99 % of the readings have
// their outcome within 100 ms; both are compared at 90 % of it, where REST still keeps up.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningServer, startServer } from "../lib/server-process.ts";
import {
	type ClaimModule,
	type ClaimOptions,
	compare,
	type Row,
} from "./claim.ts";
import {
	DEADLINE_MS,
	TelemetryGenerator,
	type TelemetryWindow,
	type Wire,
} from "./telemetry/generator.ts";
import { findKnee, type Knee } from "./telemetry/knee.ts";

/** The first is searched from below, the others from where the best so far ends. */
const SOCKET_COUNTS = [64, 16, 256] as const;
/** Far below what either does on one core. */
const REST_FROM_PER_SECOND = 8000;
const STREAM_FROM_PER_SECOND = 60_000;
/** Of the knee. */
const SHARE = 0.9;
const SWEEP_SECONDS = 0.7;

export const telemetry: ClaimModule = {
	name: "telemetry",
	claim:
		"readings over one gRPC stream against POSTs of JSON, at 90 % of what REST keeps up with",
	async run(options) {
		const empty = mkdtempSync(join(tmpdir(), "saccade-telemetry-"));
		const generator = new TelemetryGenerator();
		const server = await startServer([empty]);
		try {
			return await race({ server, generator, options });
		} finally {
			await generator.close();
			await server.stop();
			rmSync(empty, { recursive: true });
		}
	},
};

interface Track {
	readonly server: RunningServer;
	readonly generator: TelemetryGenerator;
	readonly options: ClaimOptions;
}

async function race(track: Track): Promise<Row[]> {
	const { rounds, seconds, log, attach } = track.options;
	const curve: object[] = [];
	const kneeOf = (wire: Wire, fromPerSecond: number, sockets: number) =>
		findKnee(fromPerSecond, async (ratePerSecond) => {
			const window = await measure(track, {
				wire,
				sockets,
				ratePerSecond,
				seconds: SWEEP_SECONDS,
			});
			curve.push({ ...window, sockets: wire === "rest" ? sockets : 1 });
			return window;
		});
	await warmUp(track);
	const rest = await bestRest((sockets, fromPerSecond) =>
		kneeOf("rest", fromPerSecond, sockets),
	);
	const stream = await kneeOf("stream", STREAM_FROM_PER_SECOND, 1);
	attach("curve", curve);
	const atKnee = SHARE * rest.perSecond;
	const atStreamKnee = SHARE * stream.perSecond;
	log(
		`  knees: REST ${rest.perSecond.toFixed(0)}/s over ${rest.sockets} connections, stream ${stream.perSecond.toFixed(0)}/s`,
	);
	const laps: Record<"rest" | "stream" | "full", TelemetryWindow[]> = {
		rest: [],
		stream: [],
		full: [],
	};
	const { sockets } = rest;
	const runs = [
		["rest", { wire: "rest", sockets, ratePerSecond: atKnee }],
		["stream", { wire: "stream", sockets, ratePerSecond: atKnee }],
		["full", { wire: "stream", sockets, ratePerSecond: atStreamKnee }],
	] as const;
	for (let round = 0; round < rounds; round++)
		for (let i = 0; i < runs.length; i++) {
			const [name, run] = runs[(round + i) % runs.length]!;
			const seed = round + 1;
			laps[name].push(await measure(track, { ...run, seconds, seed }));
		}
	const sideOf = (name: keyof typeof laps, settings: string) => ({
		settings,
		values: laps[name].map((lap) => lap.p99Ms),
		cpuUs: laps[name].map((lap) => lap.serverCpuUs),
	});
	const restIs = `POST /saccade/v1/telemetry, HTTP/1.1 kept alive, ${sockets} connections (the best of ${SOCKET_COUNTS.join(", ")})`;
	const streamIs = "StreamTelemetry, one stream";
	const rate = `${Math.round(atKnee)} readings/s, ${100 * SHARE} % of REST's knee`;
	return [
		compare(
			{ claim: `p99 at ${rate}`, unit: "ms" },
			sideOf("rest", restIs),
			sideOf("stream", streamIs),
			{ of: "ratio", atMost: 0.142 },
		),
		compare(
			{ claim: `p50 at ${rate}`, unit: "ms" },
			{ settings: restIs, values: laps.rest.map((lap) => lap.p50Ms) },
			{ settings: streamIs, values: laps.stream.map((lap) => lap.p50Ms) },
			null,
		),
		compare(
			{
				claim: `readings that end in RESULT, each wire at ${100 * SHARE} % of its own knee`,
				unit: "1/s",
			},
			{
				...sideOf("rest", restIs),
				values: laps.rest.map((lap) => lap.resultsPerSecond),
			},
			{
				...sideOf("full", streamIs),
				values: laps.full.map((lap) => lap.resultsPerSecond),
			},
			{ of: "ours", atLeast: 50_000 },
		),
	];
}

async function bestRest(
	kneeOf: (sockets: number, fromPerSecond: number) => Promise<Knee>,
): Promise<{ readonly perSecond: number; readonly sockets: number }> {
	let best = { perSecond: 0, sockets: 0 };
	for (const sockets of SOCKET_COUNTS) {
		const from = Math.max(REST_FROM_PER_SECOND, best.perSecond);
		const { perSecond } = await kneeOf(sockets, from);
		if (perSecond > best.perSecond) best = { perSecond, sockets };
	}
	return best;
}

/** Both wires at half of where their sweeps begin: the server's code is compiled when the first number counts. */
async function warmUp(track: Track): Promise<void> {
	for (const wire of ["rest", "stream"] as const)
		await measure(track, {
			wire,
			sockets: 64,
			ratePerSecond: REST_FROM_PER_SECOND,
			seconds: 2,
		});
}

async function measure(
	{ server, generator, options }: Track,
	job: {
		readonly wire: Wire;
		readonly sockets: number;
		readonly ratePerSecond: number;
		readonly seconds: number;
		readonly seed?: number;
	},
): Promise<TelemetryWindow> {
	const window = await generator.measure(server, { seed: 1, ...job });
	const { wire, offeredPerSecond, shareInTime, p50Ms, p99Ms } = window;
	options.log(
		`  ${wire}${wire === "rest" ? ` over ${job.sockets}` : ""} at ${offeredPerSecond.toFixed(0)}/s: ${(100 * shareInTime).toFixed(2)} % within ${DEADLINE_MS} ms, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, server ${window.serverCpuUs.toFixed(1)} µs each, generator ${window.clientCores.toFixed(2)} cores`,
	);
	return window;
}
