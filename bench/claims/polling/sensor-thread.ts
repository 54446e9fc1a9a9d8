// The thread that the sensors are on: each writes a reading at its period, by a timer of its own.
import { workerData } from "node:worker_threads";
import { mulberry32 } from "../../lib/stats.ts";
import { QUEUE_LENGTH, type SensorMemory, STATE } from "./sensors.ts";

export interface SensorSetUp {
	readonly memory: SensorMemory;
	readonly periodsMs: readonly number[];
	readonly seed: number;
	/** Whether the interrupt line is connected. */
	readonly interrupts: boolean;
	/** At first time runs faster, until the engine has compiled what runs: its helpers' time counts as the scheduler's. */
	readonly warmUpMs: number;
}

/** By which time runs faster at first. */
const WARM_UP_FACTOR = 100;

/** Real sensors drift against each other. */
const JITTER = 0.1;

const { memory, periodsMs, seed, interrupts, warmUpMs } =
	workerData as SensorSetUp;
const warmUntilMs = performance.now() + warmUpMs;
const random = mulberry32(seed);

function write(index: number): void {
	const { state, counters, queue, stamps, values } = memory;
	values[index] = random();
	Atomics.store(stamps, index, process.hrtime.bigint());
	Atomics.add(counters, index, 1);
	if (!interrupts) return;
	const end = Atomics.load(state, STATE.queueEnd);
	queue[end % QUEUE_LENGTH] = index;
	Atomics.store(state, STATE.queueEnd, end + 1);
	// Raised once until somebody has looked.
	if (Atomics.exchange(state, STATE.raised, 1) === 0)
		Atomics.notify(state, STATE.raised);
}

function next(index: number): void {
	const periodMs = nowPeriodMs(index);
	const delayMs = periodMs * (1 + JITTER * (2 * random() - 1));
	setTimeout(() => {
		if (Atomics.load(memory.state, STATE.isOver) === 1) return;
		write(index);
		next(index);
	}, delayMs);
}

function nowPeriodMs(index: number): number {
	const isWarm = performance.now() >= warmUntilMs;
	return periodsMs[index]! / (isWarm ? 1 : WARM_UP_FACTOR);
}

for (let index = 0; index < periodsMs.length; index++)
	setTimeout(() => next(index), random() * nowPeriodMs(index));
