// Readings under an open loop, over one stream or as POSTs of JSON, as a process of its own. Jobs come on stdin, one JSON
// line each; on stdout `window-start` and `window-end`, at which the parent reads the server, and a line of results.
import { createInterface } from "node:readline";
import type {
	ConnectionEvents,
	LoadConnection,
	OpenCall,
} from "../../../packages/server/src/load-generator/connection.ts";
import { HttpLoadPool } from "../../../packages/server/src/load-generator/http-pool.ts";
import {
	type OpenLoopResult,
	runOpenLoop,
} from "../../../packages/server/src/load-generator/open-loop.ts";
import { StreamLoadConnection } from "../../../packages/server/src/load-generator/stream-connection.ts";

export interface TelemetryJob {
	readonly wire: "stream" | "rest";
	readonly port: number;
	/** Of REST: kept-alive connections. */
	readonly sockets: number;
	readonly ratePerSecond: number;
	readonly seed: number;
	/** What counts as in time; neither wire is told. */
	readonly deadlineMs: number;
	readonly leadMs: number;
	readonly windowMs: number;
}

export type TelemetryReport = OpenLoopResult;

const HOST = "127.0.0.1";
/** As many distinct devices, each with its own sequence of values. */
const DEVICES = Array.from({ length: 64 }, (_, i) => `sensor-${i}`);
const DEVICE_OF = DEVICES.map((id) => Buffer.from(id));
/** Readings are all distinct: so many that no window repeats one. */
const READING_COUNT = 2 ** 31;
const MAX_OUTSTANDING = 100_000;

const deviceOf = (index: number) => DEVICES[index % DEVICES.length]!;

/** As compact as JSON gets, and the same content as a reading of the stream. */
function postOf({ index, scheduledUs }: OpenCall, host: string) {
	const body = Buffer.from(
		`{"timestamp_ns":${Math.round(scheduledUs * 1000)},"device_id":"${deviceOf(index)}","value":${index},"sequence":${index + 1}}`,
	);
	const head = `POST /saccade/v1/telemetry HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`;
	return { head, body };
}

/** Both echo the device, and both decide to keep. */
function isRight(index: number, body: Buffer): boolean {
	const id = DEVICE_OF[index % DEVICE_OF.length]!;
	return body.includes(id) && body.includes("keep");
}

function connectTo(job: TelemetryJob) {
	const target = { host: HOST, port: job.port, tellsDeadline: false };
	const host = `${HOST}:${job.port}`;
	return (events: ConnectionEvents): LoadConnection =>
		job.wire === "stream"
			? new StreamLoadConnection(
					target,
					{ opening: new Uint8Array(0), devices: DEVICES, contents: [] },
					events,
				)
			: new HttpLoadPool(
					target,
					job.sockets,
					(call) => postOf(call, host),
					events,
				);
}

for await (const line of createInterface({ input: process.stdin })) {
	const job = JSON.parse(line) as TelemetryJob;
	const result: TelemetryReport = await runOpenLoop(
		{
			connect: connectTo(job),
			connections: 1,
			requestCount: READING_COUNT,
			isRight,
			arrivals: { kind: "poisson", ratePerSecond: job.ratePerSecond },
			seed: job.seed,
			deadlineUs: job.deadlineMs * 1000,
			leadUs: job.leadMs * 1000,
			windowUs: job.windowMs * 1000,
			maxOutstanding: MAX_OUTSTANDING,
		},
		{
			windowStarted: () => console.log("window-start"),
			windowEnded: () => console.log("window-end"),
		},
	);
	console.log(JSON.stringify(result));
}
