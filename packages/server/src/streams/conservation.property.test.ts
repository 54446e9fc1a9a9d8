// Random clients, devices, pipelines and faults on a manual clock: whatever happens, every frame ends once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_REASONS } from "@saccade/protocol";
import { SaccadeError } from "../errors/saccade-error.ts";
import { FrameDropped } from "../pipelines/frame-dropped.ts";
import type { DropPolicy } from "../pipelines/qos-profile.ts";
import type { FrameOutcome, Reading } from "./stream.ts";
import {
	CountedLease,
	createStreams,
	HeldPipeline,
	Log,
	openStream,
	readingOf,
	turn,
} from "./testing/harness.ts";

const SEEDS = 1000;
const STEPS = 60;
const MS = 1000;
const POLICIES: readonly DropPolicy[] = [
	"keep-last",
	"drop-oldest",
	"drop-latest",
	"block",
];
const DEVICES = ["a", "b", "c"];

function randomOf(seed: number) {
	let state = seed * 2654435761;
	const next = () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
	return {
		next,
		below: (count: number) => Math.floor(next() * count),
		chance: (share: number) => next() < share,
	};
}

/** Asserts that no frame is told of twice, and that reasons belong to their outcomes. */
class Checked extends Log {
	readonly told = new Set<unknown>();

	override outcome(outcome: FrameOutcome): void {
		assert.ok(!this.told.has(outcome.tag), "a frame was told of twice");
		this.told.add(outcome.tag);
		const { reason } = outcome;
		if (reason === null) assert.equal(outcome.outcome, "RESULT");
		else assert.equal(outcome.outcome, FRAME_REASONS[reason]);
		super.outcome(outcome);
	}
}

function pipelineOf(seed: number): HeldPipeline {
	switch (seed % 4) {
		case 0:
			return new HeldPipeline({
				join: {
					kind: "window",
					windowUs: 10 * MS,
					waitUs: 40 * MS,
					allowMissing: seed % 8 === 0,
				},
			});
		case 1:
			return new HeldPipeline({ join: { kind: "latest", maxAgeUs: 50 * MS } });
		case 2:
			return new HeldPipeline({ lanes: DEVICES });
		default:
			return new HeldPipeline();
	}
}

async function oneRun(seed: number): Promise<void> {
	const random = randomOf(seed);
	const streams = createStreams({ maxRunningCount: 1 + random.below(3) });
	const { clock } = streams;
	const pipeline = pipelineOf(seed);
	streams.pipelines.set("random", pipeline);
	const log = new Checked();
	const { stream } = openStream(
		streams,
		{
			dropPolicy: POLICIES[random.below(4)]!,
			depth: 1 + random.below(4),
			maxInFlightCount: 1 + random.below(3),
			...(random.chance(0.5) && { latencyBudgetUs: 30 * MS }),
			...(random.chance(0.3) && { lifespanUs: 20 * MS }),
			...(random.chance(0.3) && { livelinessLeaseUs: 50 * MS }),
		},
		{
			pipeline: "random",
			clockDomain: random.chance(0.5) ? "device" : "host-monotonic",
			sensors: DEVICES.map((deviceId) => ({
				deviceId,
				frameId: "",
				periodUs: 10 * MS,
				calibration: null,
			})),
		},
		log,
	);
	const leases: CountedLease[] = [];
	const answered = new Set<number>();
	let sent = 0;
	let cancelled = false;

	const send = (): void => {
		sent++;
		const lease = new CountedLease();
		leases.push(lease);
		const fault = random.below(20);
		const fields: Partial<Reading> = {
			deviceId: fault === 0 ? "stranger" : DEVICES[random.below(3)]!,
			value: fault === 1 ? Number.NaN : 1,
			interrupt: fault === 2,
			budgetUs: random.chance(0.3) ? random.below(40) * MS : 0,
			tag: sent,
			lease,
		};
		const aheadUs = fault === 3 ? 60e6 : fault === 4 ? -15 * MS : 0;
		const stamp = clock.nowUs() + aheadUs - random.below(5) * MS;
		stream.reading(
			readingOf(clock, fault === 5 ? 0 : sent, {
				...fields,
				timestampNs: BigInt(Math.round(stamp * 1000)),
			}),
		);
	};
	const answer = (): void => {
		const open = pipeline.runs.flatMap((_, i) => (answered.has(i) ? [] : [i]));
		const chosen = open[random.below(open.length)];
		if (chosen === undefined) return;
		answered.add(chosen);
		const run = pipeline.runs[chosen]!;
		if (random.chance(0.7)) run.finish();
		else if (random.chance(0.3))
			run.fail(new FrameDropped("unmatched", "it found no partner"));
		else run.fail(new SaccadeError("EXECUTION_FAILED", "it failed"));
	};
	const conserved = (): void => {
		const { received, inFlight, outcomes } = stream.totals();
		const ended = Object.values(outcomes).reduce((sum, n) => sum + n, 0);
		assert.equal(received, sent);
		assert.equal(received, ended + inFlight);
		if (!cancelled) assert.equal(log.told.size, ended);
		assert.ok(stream.waitingCount <= 400);
	};

	for (let step = 0; step < STEPS; step++) {
		const what = random.next();
		if (what < 0.5) send();
		else if (what < 0.75) clock.advance(random.below(15) * MS);
		else if (what < 0.95) {
			answer();
			await turn();
		} else if (what < 0.97)
			stream.reconfigure({ depth: 1 + random.below(5) }, "random");
		else stream.heartbeat("");
		conserved();
	}
	if (random.chance(0.3)) {
		cancelled = true;
		stream.cancel();
		assert.equal(stream.totals().inFlight, 0);
	} else stream.close();
	conserved();
	while (answered.size < pipeline.runs.length) {
		answer();
		await turn();
		conserved();
	}
	clock.advance(100 * MS);
	await turn();
	conserved();
	assert.equal(stream.totals().inFlight, 0);
	assert.equal(log.totals === null, cancelled);
	assert.ok(
		leases.every(({ releasedCount }) => releasedCount === 1),
		"every lease is given back once",
	);
	assert.equal(streams.set.size, 0);
	assert.equal(streams.set.sensors.size, 0);
	assert.equal(pipeline.closedCount, 1);
}

test(`every frame ends in exactly one outcome and gives its bytes back, in ${SEEDS} random lives of a stream`, async () => {
	for (let seed = 1; seed <= SEEDS; seed++)
		try {
			await oneRun(seed);
		} catch (error) {
			throw new Error(`seed ${seed}`, { cause: error });
		}
});
