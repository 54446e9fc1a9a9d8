// One window of one way to notice readings, as a process of its own: the shipped stream set (sensor registry, stream,
// scalar pipeline), fed by interrupts or by a poller. What is done with a reading is the same; only how it is noticed
// differs. A job comes as the argument, the result goes to stdout as JSON.
import { Worker } from "node:worker_threads";
import { systemClock } from "../../../packages/server/src/common/clock.ts";
import { createScalarPipeline } from "../../../packages/server/src/pipelines/scalar-pipeline.ts";
import { resolveQos } from "../../../packages/server/src/streams/qos.ts";
import type { FrameOutcome } from "../../../packages/server/src/streams/stream.ts";
import { StreamSet } from "../../../packages/server/src/streams/stream-set.ts";
import type { SensorSetUp } from "./sensor-thread.ts";
import {
	createSensorMemory,
	QUEUE_LENGTH,
	type SensorMemory,
	STATE,
	sensorId,
} from "./sensors.ts";

export interface SchedulerJob {
	/** Null: driven by events. */
	readonly pollMs: number | null;
	readonly periodsMs: readonly number[];
	readonly seed: number;
	readonly leadMs: number;
	readonly windowMs: number;
}

export interface SchedulerResult {
	/** Readings of the window that ended in RESULT. */
	readonly readings: number;
	readonly notResult: number;
	/** From the write of a reading to its outcome. */
	readonly meanResponseMs: number;
	readonly p99ResponseMs: number;
	/** CPU of the process, all threads but the sensors', in cores. */
	readonly cpuShare: number;
}

const job = JSON.parse(process.argv[2] ?? "null") as SchedulerJob;
const { periodsMs, pollMs } = job;
const memory = createSensorMemory(periodsMs.length);

const responsesMs: number[] = [];
let notResult = 0;
let isCounting = false;

const set = new StreamSet({
	clock: systemClock,
	catalogue: { find: () => createScalarPipeline() },
	// Both clocks are CLOCK_MONOTONIC.
	hostOffsetUs: systemClock.nowUs() - Number(process.hrtime.bigint()) / 1000,
});
const qos = resolveQos({});
for (const [index, periodMs] of periodsMs.entries())
	set.sensors.registerSensor(sensorId(index), 1000 * periodMs, qos);
const opened = set.open(
	{
		pipeline: "scalar",
		qos: {},
		sensors: periodsMs.map((periodMs, index) => ({
			deviceId: sensorId(index),
			frameId: "",
			periodUs: 1000 * periodMs,
			calibration: null,
		})),
		transforms: [],
		safeCommand: null,
		clockDomain: "host-monotonic",
		name: "",
		peer: "",
	},
	{
		outcome: ({ outcome, timestampNs }: FrameOutcome) => {
			if (!isCounting) return;
			if (outcome !== "RESULT") notResult++;
			else
				responsesMs.push(Number(process.hrtime.bigint() - timestampNs) / 1e6);
		},
		event: () => {},
		policyChanged: () => {},
		ended: () => {},
	},
);
if (!opened.ok) throw opened.error;
const { stream } = opened;
const deviceIds = periodsMs.map((_, index) => sensorId(index));

/** What both do with a reading. */
function take({ counters, stamps, values }: SensorMemory, index: number): void {
	stream.reading({
		timestampNs: Atomics.load(stamps, index),
		deviceId: deviceIds[index]!,
		value: values[index]!,
		sequence: Atomics.load(counters, index),
		frameId: "",
		budgetUs: 0,
		interrupt: false,
		payload: null,
		receivedUs: systemClock.nowUs(),
		lease: null,
	});
}

/** Looks at every counter: as cheap as looking can be, no system call and no allocation. */
function poll(everyMs: number): void {
	const seen = memory.counters.slice();
	// An interval of Node does not drift by more than it takes to run.
	setInterval(() => {
		const { counters } = memory;
		for (let index = 0; index < seen.length; index++) {
			const count = Atomics.load(counters, index);
			if (count === seen[index]) continue;
			seen[index] = count;
			take(memory, index);
		}
	}, everyMs);
}

/** Sleeps until the line is raised, and takes what the queue names. */
async function serveInterrupts(): Promise<void> {
	const { state, queue } = memory;
	for (let at = 0; ; ) {
		const raised = Atomics.waitAsync(state, STATE.raised, 0);
		if (raised.async) await raised.value;
		Atomics.store(state, STATE.raised, 0);
		const end = Atomics.load(state, STATE.queueEnd);
		for (; at < end; at++) take(memory, queue[at % QUEUE_LENGTH]!);
	}
}

/** So many that what is measured is compiled. */
const WARM_UP_READINGS = 30_000;

function warmUp(): void {
	const { counters, stamps } = memory;
	for (let i = 0; i < WARM_UP_READINGS; i++) {
		const index = i % periodsMs.length;
		counters[index]!++;
		stamps[index] = process.hrtime.bigint();
		take(memory, index);
	}
}

warmUp();
if (pollMs === null) void serveInterrupts();
else poll(pollMs);
const setUp: SensorSetUp = {
	memory,
	periodsMs,
	seed: job.seed,
	interrupts: pollMs === null,
	warmUpMs: job.leadMs / 2,
};
const sensors = new Worker(new URL("sensor-thread.ts", import.meta.url), {
	workerData: setUp,
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sensors are the same for both, and no part of what is compared. */
async function schedulerCpuUs(): Promise<number> {
	const own = await sensors.cpuUsage();
	const all = process.cpuUsage();
	return all.user + all.system - own.user - own.system;
}

await sleep(job.leadMs);
const startUs = await schedulerCpuUs();
const startMs = performance.now();
isCounting = true;
await sleep(job.windowMs);
isCounting = false;
const elapsedMs = performance.now() - startMs;
const cpuUs = (await schedulerCpuUs()) - startUs;
const sorted = responsesMs.sort((a, b) => a - b);
const result: SchedulerResult = {
	readings: sorted.length,
	notResult,
	meanResponseMs: sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length,
	p99ResponseMs: sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN,
	cpuShare: cpuUs / 1000 / elapsedMs,
};
process.stdout.write(JSON.stringify(result), () => process.exit(0));
