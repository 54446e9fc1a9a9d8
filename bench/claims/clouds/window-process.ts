// One contender in a process of its own: its answers are checked, then its rate and the pauses of the collector are
// taken over a window, and then what it allocates over frames in which the collector does not run.
//
// Bytes allocated: growth of `heapUsed` plus `arrayBuffers` (process.memoryUsage) over some frames after a collection.
// Allocations of 1 KB or more: on the heap by V8's sampling profiler at an interval of one byte, which sees each of
// them; of buffers outside the heap, frames in which `arrayBuffers` grew by so much, so that several count as one.
import { Session } from "node:inspector";
import { PerformanceObserver } from "node:perf_hooks";
import { collectGarbage } from "../../../packages/server/src/common/collect-garbage.ts";
import { OURS } from "./ours.ts";
import { BY_HAND, FRAME_COUNT, inRange, makeFrames, PLAIN } from "./work.ts";

export interface CloudWindow {
	readonly framesPerSecond: number;
	readonly gcPauseUsPerFrame: number;
	readonly largeAllocationsPerFrame: number;
	readonly bytesPerFrame: number;
	readonly cpuUsPerFrame: number;
}

const LARGE_BYTES = 1024;
const WARM_UP_MS = 700;
/** Few enough that what is counted does not make the collector run. */
const COUNTED_FRAMES = 8;
const COUNTED_TIMES = 5;

const [name, windowMs] = JSON.parse(process.argv[2] ?? "[]") as [
	string,
	number,
];
const contender = [OURS, ...PLAIN, ...BY_HAND].find(
	(one) => one.name === name,
)!;
const frames = makeFrames(FRAME_COUNT);
const messages = contender.messages(frames);
const { run, answer } = contender.prepare();
for (const [i, message] of messages.entries()) {
	run(message);
	const right = inRange(frames[i]!);
	const got = answer();
	if (
		got.length !== right.length ||
		got.some((value, at) => value !== right[at])
	)
		throw new Error(`${name}: frame ${i} is answered wrongly`);
}

let at = 0;
function runFor(ms: number): number {
	const untilMs = performance.now() + ms;
	let count = 0;
	for (; performance.now() < untilMs; count++)
		run(messages[at++ % FRAME_COUNT]!);
	return count;
}

runFor(WARM_UP_MS);
let pausedMs = 0;
const observer = new PerformanceObserver((list) => {
	for (const entry of list.getEntries()) pausedMs += entry.duration;
});
observer.observe({ entryTypes: ["gc"] });
// In slices: what the observer is told, it is told between them.
const turn = () => new Promise((resolve) => setImmediate(resolve));
await turn();
pausedMs = 0;
const cpu = process.cpuUsage();
const startMs = performance.now();
let count = 0;
while (performance.now() - startMs < windowMs) {
	count += runFor(50);
	await turn();
}
const elapsedMs = performance.now() - startMs;
const { user, system } = process.cpuUsage(cpu);
await turn();
observer.disconnect();
const gcPauseUsPerFrame = (1000 * pausedMs) / count;

const bytes: number[] = [];
const outside: number[] = [];
for (let i = 0; i < COUNTED_TIMES; i++) {
	collectGarbage();
	const before = process.memoryUsage();
	let grown = 0;
	let { arrayBuffers } = before;
	for (let frame = 0; frame < COUNTED_FRAMES; frame++) {
		run(messages[at++ % FRAME_COUNT]!);
		const now = process.memoryUsage().arrayBuffers;
		if (now - arrayBuffers >= LARGE_BYTES) grown++;
		arrayBuffers = now;
	}
	const after = process.memoryUsage();
	bytes.push(
		after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers,
	);
	outside.push(grown / COUNTED_FRAMES);
}

const result: CloudWindow = {
	framesPerSecond: (1000 * count) / elapsedMs,
	gcPauseUsPerFrame,
	largeAllocationsPerFrame: middle(outside) + (await largeOnHeap()),
	bytesPerFrame: Math.max(0, middle(bytes)) / COUNTED_FRAMES,
	cpuUsPerFrame: (user + system) / count,
};
process.stdout.write(JSON.stringify(result));

function middle(values: number[]): number {
	return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

interface Samples {
	readonly profile: { readonly samples: readonly { readonly size: number }[] };
}

/** Less what the profiler itself allocates. */
async function largeOnHeap(): Promise<number> {
	await sampled(1);
	const own = await sampled(0);
	return Math.max(0, (await sampled(FRAME_COUNT)) - own) / FRAME_COUNT;
}

async function sampled(frameCount: number): Promise<number> {
	const session = new Session();
	session.connect();
	const post = (method: string, parameters = {}) =>
		new Promise<unknown>((resolve, reject) =>
			session.post(method, parameters, (error: Error | null, value: unknown) =>
				error === null ? resolve(value) : reject(error),
			),
		);
	await post("HeapProfiler.startSampling", {
		samplingInterval: 1,
		includeObjectsCollectedByMajorGC: true,
		includeObjectsCollectedByMinorGC: true,
	});
	for (let frame = 0; frame < frameCount; frame++)
		run(messages[at++ % FRAME_COUNT]!);
	const { profile } = (await post("HeapProfiler.stopSampling")) as Samples;
	session.disconnect();
	return profile.samples.filter(({ size }) => size >= LARGE_BYTES).length;
}
