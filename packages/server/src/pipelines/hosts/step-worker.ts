// A thread in which steps run. One request at a time; it ends when it is told to, or when a step ends it.

import { getHeapStatistics } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { collectGarbage } from "../../common/collect-garbage.ts";
import { sharedNowUs } from "../../common/shared-clock.ts";
import { toSaccadeError } from "../../errors/saccade-error.ts";
import type { StepRunner } from "../steps/step.ts";
import { describeStep, textOf } from "./describe-step.ts";
import { loadSteps } from "./load-steps.ts";
import type {
	ThreadAnswer,
	ThreadData,
	ThreadRequest,
	ThreadSpan,
} from "./messages.ts";
import { SegmentRunner } from "./segment-runner.ts";

type Run = Extract<ThreadRequest, { readonly kind: "run" }>;

interface Session {
	/** By `unit/workspace`. */
	readonly workspaces: Map<string, SegmentRunner>;
	readonly remembering: Map<
		string,
		StepRunner<Record<string, unknown>, Record<string, unknown>>
	>;
}

/** Looking costs some µs. */
const RUNS_BETWEEN_LOOKS = 16;

const { source, maxBytes } = workerData as ThreadData;
const port = parentPort!;
const sessions = new Map<number, Session>();
let runCount = 0;
const steps = loadSteps(source);
// Told with the first request that needs them.
steps.catch(() => {});

port.on("message", (request: ThreadRequest) => {
	void answer(request);
});

async function answer(request: ThreadRequest): Promise<void> {
	if (request.kind === "close") {
		close(request.session);
		return;
	}
	const { id } = request;
	try {
		reply(await act(request));
	} catch (error) {
		const { code, message } = toSaccadeError(error);
		const told = code === "INTERNAL" ? textOf(error) : message;
		reply({ kind: "failed", id, code, message: told });
	}
}

async function act(
	request: Exclude<ThreadRequest, { readonly kind: "close" }>,
): Promise<ThreadAnswer> {
	const { id } = request;
	const known = await steps;
	switch (request.kind) {
		case "list":
			return { kind: "listed", id, steps: [...known.keys()] };
		case "describe": {
			const step = known.get(request.step);
			if (step === undefined) throw new Error(`no step '${request.step}'`);
			const description = await describeStep(step, request.settings);
			return { kind: "described", id, description };
		}
		case "run":
			return run(request);
	}
}

async function run(request: Run): Promise<ThreadAnswer> {
	const { id, inputs, frame } = request;
	const spans: ThreadSpan[] = [];
	clockOffsetUs = request.clockOffsetUs;
	const runner = await runnerOf(request);
	const outputs = await runner.run(inputs, frame, spans);
	return { kind: "ran", id, outputs, spans, leakedBytes: leakedBytes() };
}

let clockOffsetUs = 0;

function nowUs(): number {
	return sharedNowUs() + clockOffsetUs;
}

async function runnerOf({
	session: sessionId,
	unit,
	workspace,
	segment,
}: Run): Promise<SegmentRunner> {
	let session = sessions.get(sessionId);
	if (session === undefined) {
		session = { workspaces: new Map(), remembering: new Map() };
		sessions.set(sessionId, session);
	}
	const key = `${unit}/${workspace}`;
	const known = session.workspaces.get(key);
	if (known !== undefined) return known;
	const runner = new SegmentRunner({
		steps: await steps,
		spec: segment!,
		isShared: true,
		ofServer: source === null,
		remembering: session.remembering,
		nowUs,
	});
	session.workspaces.set(key, runner);
	return runner;
}

function close(sessionId: number): void {
	const session = sessions.get(sessionId);
	sessions.delete(sessionId);
	for (const runner of session?.workspaces.values() ?? []) runner.close();
	for (const runner of session?.remembering.values() ?? []) runner.close?.();
}

/** Garbage is no leak: it is collected first. */
function leakedBytes(): number | null {
	if (++runCount % RUNS_BETWEEN_LOOKS !== 0 || heldBytes() <= maxBytes)
		return null;
	collectGarbage();
	const bytes = heldBytes();
	return bytes > maxBytes ? bytes : null;
}

function heldBytes(): number {
	const { used_heap_size, external_memory } = getHeapStatistics();
	return used_heap_size + external_memory;
}

function reply(message: ThreadAnswer): void {
	port.postMessage(message);
}
