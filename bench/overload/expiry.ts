// How late an expiry is told while a device is busy, beside bare timers of the same instants in the same process.
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../packages/server/src/common/clock.ts";
import type { OpenCall } from "../../packages/server/src/load-generator/connection.ts";
import { BatchScheduler } from "../../packages/server/src/scheduling/batch-scheduler.ts";
import { TritonPolicy } from "../../packages/server/src/scheduling/policies/triton-policy.ts";
import { NO_QUEUE_POLICY } from "../../packages/server/src/scheduling/queue/queue-policy.ts";
import { TestEntry } from "../../packages/server/src/scheduling/testing/test-entry.ts";
import { mulberry32 } from "../lib/stats.ts";
import { encodeGrpc, makeInputs } from "../load/workload.ts";
import {
	modelOfBytes,
	startBusyServer,
	startBusyServerHere,
} from "./busy-server.ts";
import { Caller, nowUs } from "./caller.ts";

export interface Lateness {
	/** Most that one was told before its deadline; negative: none was. */
	readonly earlyMs: number;
	readonly p99Ms: number;
	readonly bareP99Ms: number;
	readonly count: number;
}

const BUSY_MS = 200;
const EVERY_MS = 2;
const LEAST_US = 5000;
const MOST_US = 150_000;

/** Adds how late a timer of that instant fires, in µs. */
function armBare(bare: number[], deadlineUs: number): void {
	setTimeout(
		() => bare.push(nowUs() - deadlineUs),
		(deadlineUs - nowUs()) / 1000,
	);
}

/** @param submit told the deadline of each request */
async function schedule(
	seconds: number,
	submit: (deadlineUs: number) => void,
): Promise<void> {
	const random = mulberry32(5);
	const untilUs = nowUs() + seconds * 1e6;
	while (nowUs() < untilUs) {
		submit(nowUs() + LEAST_US + random() * (MOST_US - LEAST_US));
		await delay(EVERY_MS);
	}
	await delay((2 * MOST_US) / 1000);
}

function latenessOf(told: number[], bare: number[]): Lateness {
	if (told.length < bare.length / 2)
		throw new Error(
			`${told.length} of ${bare.length} were told to have expired`,
		);
	told.sort((a, b) => a - b);
	bare.sort((a, b) => a - b);
	const p99 = (values: readonly number[]) =>
		(values[Math.floor(0.99 * (values.length - 1))] ?? Number.NaN) / 1000;
	return {
		earlyMs: -(told[0] ?? Number.NaN) / 1000,
		p99Ms: p99(told),
		bareP99Ms: p99(bare),
		count: told.length,
	};
}

/** Requests that wait for a device which is given back after 200 ms, and busy again at once. */
export async function measureSchedulerExpiry(
	seconds: number,
): Promise<Lateness> {
	const told: number[] = [];
	const scheduler = new BatchScheduler<TestEntry>({
		clock: systemClock,
		executor: {
			laneCount: 1,
			run: (_batch, _because, lane, release) => {
				setTimeout(() => release(lane), BUSY_MS);
			},
		},
		events: {
			refused: ({ deadlineUs }, because) => {
				if (because === "expired") told.push(nowUs() - deadlineUs);
			},
		},
		policy: new TritonPolicy({ maxRows: 1, preferredRows: [], maxDelayUs: 0 }),
		maxRows: 1,
		levels: [NO_QUEUE_POLICY],
	});
	const bare: number[] = [];
	await schedule(seconds, (deadlineUs) => {
		scheduler.submit(new TestEntry("", { deadlineUs }));
		armBare(bare, deadlineUs);
	});
	scheduler.close();
	return latenessOf(told, bare);
}

/**
 * The same through the whole server, from the deadline as the server knows it to the status that the client reads.
 * Server, client and bare timers share one process, so that all are told the time by the same loop.
 */
export async function measureGrpcExpiry(seconds: number): Promise<Lateness> {
	const bare: number[] = [];
	const told: number[] = [];
	/** Of the requests that the server has read, in the order of their calls. */
	const deadlinesUs: number[] = [];
	const server = await startBusyServerHere(MODEL, BUSY_MS, POLICY, (us) => {
		deadlinesUs.push(us);
		armBare(bare, us);
	});
	await callAndStop(seconds, server, (_call, place) => {
		told.push(nowUs() - deadlinesUs[place]!);
	});
	return latenessOf(told, bare);
}

/** As a client in another process sees it, beside timers of its own: the way there and back, and two loops. */
export async function measureRemoteExpiry(seconds: number): Promise<Lateness> {
	const bare: number[] = [];
	const told: number[] = [];
	const server = await startBusyServer(MODEL, BUSY_MS, [
		`--scheduling-policy=${POLICY}`,
		"--exit-timeout-secs=1",
	]);
	await callAndStop(
		seconds,
		server,
		({ deadlineUs }) => told.push(nowUs() - deadlineUs),
		(deadlineUs) => armBare(bare, deadlineUs),
	);
	return latenessOf(told, bare);
}

const MODEL = modelOfBytes(1024);
/** The default policy would refuse on arrival what will expire. */
const POLICY = "triton";

/** @param expired a call and which one it was, from 0 */
async function callAndStop(
	seconds: number,
	server: { readonly grpcPort: number; stop(): Promise<unknown> },
	expired: (call: OpenCall, place: number) => void,
	called: (deadlineUs: number) => void = () => {},
): Promise<void> {
	const message = encodeGrpc(MODEL, makeInputs(MODEL, 1)[0]!);
	const places = new Map<OpenCall, number>();
	const caller = new Caller(server.grpcPort, message, (call, kind) => {
		if (kind === "expired") expired(call, places.get(call)!);
	});
	try {
		await delay(BUSY_MS);
		await schedule(seconds, (deadlineUs) => {
			places.set(caller.call(deadlineUs), places.size);
			called(deadlineUs);
		});
	} finally {
		caller.close();
		await server.stop();
	}
}
