import assert from "node:assert/strict";
import { test } from "node:test";
import { SaccadeError } from "../errors/saccade-error.ts";
import { decodeResult } from "./result-record.ts";
import { ResultRingReader } from "./result-ring.ts";
import {
	CountedLease,
	createStreams,
	HeldPipeline,
	openStream,
	readingOf,
	turn,
} from "./testing/harness.ts";

const MS = 1000;

test("a plain reading through a pipeline that answers at once is a result before the call returns", () => {
	const streams = createStreams();
	const { stream, log } = openStream(streams, {}, { pipeline: "scalar" });
	for (let i = 1; i <= 3; i++) stream.reading(readingOf(streams.clock, i));
	assert.deepEqual(log.lines, ["1 RESULT", "2 RESULT", "3 RESULT"]);
	assert.equal(stream.totals().inFlight, 0);
});

test("by default one frame runs and the newest waits; what it replaces is superseded", async () => {
	const streams = createStreams();
	const { stream, log } = openStream(streams);
	for (let i = 1; i <= 4; i++) stream.reading(readingOf(streams.clock, i));
	assert.deepEqual(log.lines, [
		"2 SUPERSEDED newer-frame",
		"3 SUPERSEDED newer-frame",
	]);
	assert.equal(stream.runningCount, 1);
	streams.held.runs[0]?.finish();
	await turn();
	assert.equal(streams.held.runs[1]?.frame.sequence, 4);
	streams.held.runs[1]?.finish();
	await turn();
	assert.deepEqual(log.lines.slice(2), ["1 RESULT", "4 RESULT"]);
});

test("a frame that waits beyond its deadline expires from a timer while another runs", async () => {
	const streams = createStreams();
	const { stream, log } = openStream(streams, { latencyBudgetUs: 30 * MS });
	stream.reading(readingOf(streams.clock, 1, { budgetUs: 500 * MS }));
	stream.reading(readingOf(streams.clock, 2));
	streams.clock.advance(29 * MS);
	assert.deepEqual(log.lines, []);
	streams.clock.advance(1 * MS + 1);
	assert.deepEqual(log.lines, ["2 EXPIRED deadline-passed"]);
	streams.held.runs[0]?.finish();
	await turn();
	assert.deepEqual(log.lines.slice(1), ["1 RESULT"]);
	assert.equal(streams.held.runs.length, 1, "the expired frame never started");
});

test("a running frame that misses its deadline is told at once and aborted; its bytes stay until the run ends", async () => {
	const streams = createStreams();
	const { stream, log } = openStream(streams, { latencyBudgetUs: 10 * MS });
	const lease = new CountedLease();
	stream.reading(readingOf(streams.clock, 1, { lease }));
	const [run] = streams.held.runs;
	const { signal } = run!.context;
	streams.clock.advance(11 * MS);
	assert.deepEqual(log.lines, ["1 EXPIRED deadline-passed"]);
	assert.equal(signal.aborted, true);
	assert.equal(stream.totals().inFlight, 0);
	assert.equal(lease.releasedCount, 0);
	run?.finish();
	await turn();
	assert.deepEqual(log.lines, ["1 EXPIRED deadline-passed"]);
	assert.equal(lease.releasedCount, 1);
});

test("a frame older than its lifespan never starts", async () => {
	const streams = createStreams();
	const { stream, log } = openStream(streams, { lifespanUs: 20 * MS });
	stream.reading(readingOf(streams.clock, 1));
	stream.reading(readingOf(streams.clock, 2));
	streams.clock.advance(25 * MS);
	assert.deepEqual(log.lines, ["2 EXPIRED lifespan-passed"]);
	const old = readingOf(streams.clock, 3);
	streams.clock.advance(25 * MS);
	stream.reading({ ...old, receivedUs: streams.clock.nowUs() });
	assert.equal(log.lines[1], "3 EXPIRED lifespan-passed");
	streams.held.runs[0]?.finish();
	await turn();
	assert.equal(log.lines[2], "1 RESULT", "what runs may end late");
});

test("the deadline is anchored at the sensor's timestamp through the clock offset", async () => {
	const streams = createStreams();
	const { stream, log } = openStream(
		streams,
		{ latencyBudgetUs: 50 * MS },
		{ clockDomain: "device" },
	);
	// The device's clock runs 1000 s behind; the first frame finds the offset.
	const sensorNs = () =>
		BigInt(Math.round((streams.clock.nowUs() - 1_000_000_000) * 1000));
	const send = (sequence: number, ageUs: number) =>
		stream.reading(
			readingOf(streams.clock, sequence, {
				timestampNs: sensorNs() - BigInt(ageUs * 1000),
			}),
		);
	send(1, 0);
	streams.held.runs[0]?.finish();
	await turn();
	streams.clock.advance(100 * MS);
	send(2, 30 * MS);
	streams.clock.advance(21 * MS);
	assert.deepEqual(log.lines, ["1 RESULT", "2 EXPIRED deadline-passed"]);
});

test("an error of the pipeline is the frame's outcome by its code", async () => {
	const streams = createStreams();
	const { stream, log } = openStream(streams, { maxInFlightCount: 16 });
	const errors = [
		new SaccadeError("CANNOT_FINISH", ""),
		new SaccadeError("QUEUE_FULL", ""),
		new SaccadeError("UNAVAILABLE", ""),
		new SaccadeError("BREAKER_OPEN", ""),
		new SaccadeError("INVALID_ARGUMENT", ""),
		new SaccadeError("EXECUTION_FAILED", ""),
		new SaccadeError("DEADLINE_EXCEEDED", ""),
		new TypeError("a secret of ours"),
	];
	for (const [i, error] of errors.entries()) {
		stream.reading(readingOf(streams.clock, i + 1));
		streams.held.runs[i]?.fail(error);
		await turn();
	}
	assert.deepEqual(log.lines, [
		"1 SHED cannot-finish",
		"2 SHED queue-full",
		"3 SHED unavailable",
		"4 BREAKER_OPEN breaker-open",
		"5 INVALID refused",
		"6 FAILED failed",
		"7 EXPIRED deadline-passed",
		"8 FAILED failed",
	]);
});

test("an interrupt stops what its stream runs and goes before what waits", async () => {
	const streams = createStreams({ maxRunningCount: 1 });
	const { stream, log } = openStream(streams, {
		dropPolicy: "drop-oldest",
		depth: 10,
	});
	for (let i = 1; i <= 3; i++) stream.reading(readingOf(streams.clock, i));
	const { signal } = streams.held.runs[0]!.context;
	stream.reading(readingOf(streams.clock, 4, { interrupt: true }));
	assert.deepEqual(log.lines, ["1 SUPERSEDED preempted"]);
	assert.equal(signal.aborted, true);
	assert.equal(
		streams.held.runs[1]?.frame.sequence,
		4,
		"it waits for no slot of the pool",
	);
	streams.held.runs[0]?.finish();
	streams.held.runs[1]?.finish();
	await turn();
	assert.equal(streams.held.runs[2]?.frame.sequence, 2);
});

test("a change of the profile stops what runs and judges anew what waits", async () => {
	const streams = createStreams();
	const { stream, log } = openStream(streams, { dropPolicy: "drop-latest" });
	for (let i = 1; i <= 4; i++) stream.reading(readingOf(streams.clock, i));
	stream.reconfigure({ dropPolicy: "keep-last" }, "less memory");
	assert.deepEqual(log.lines, [
		"1 SUPERSEDED reconfigured",
		"2 SUPERSEDED newer-frame",
		"3 SUPERSEDED newer-frame",
		"! policy",
	]);
	assert.throws(() => stream.reconfigure({ depth: 1000 }, "more"), {
		code: "INVALID_ARGUMENT",
	});
	assert.equal(stream.qos.depth, 1);
	streams.held.runs[0]?.finish();
	await turn();
	assert.equal(streams.held.runs[1]?.frame.sequence, 4);
});

test("with block, credit tells what may be sent, and what is sent beyond it is refused so", async () => {
	const streams = createStreams();
	const { stream, log } = openStream(streams, {
		dropPolicy: "block",
		depth: 3,
	});
	assert.equal(stream.credit().count, 4);
	for (let i = 1; i <= 4; i++) stream.reading(readingOf(streams.clock, i));
	const { count, received } = stream.credit();
	assert.deepEqual([count, received], [0, 4]);
	assert.deepEqual(log.lines, []);
	stream.reading(readingOf(streams.clock, 5));
	assert.deepEqual(log.lines, ["5 SHED no-credit"]);
	streams.held.runs[0]?.finish();
	await turn();
	assert.equal(stream.credit().count, 1);
	assert.equal(stream.credit().received, 5);
});

test("a stream that falls behind is told a rate that it keeps up with, and how late it was", async () => {
	const streams = createStreams();
	const { stream } = openStream(streams, { latencyBudgetUs: 60 * MS });
	assert.equal(stream.credit().suggestedRateHz, 0);
	for (let i = 0; i < 10; i++) {
		stream.reading(readingOf(streams.clock, 3 * i + 1));
		stream.reading(readingOf(streams.clock, 3 * i + 2));
		stream.reading(readingOf(streams.clock, 3 * i + 3));
		streams.clock.advance(50 * MS);
		streams.held.runs.at(-1)?.finish();
		await turn();
		streams.clock.advance(50 * MS);
		streams.held.runs.at(-1)?.finish();
		await turn();
	}
	const { suggestedRateHz, latenessUs } = stream.credit();
	assert.ok(suggestedRateHz > 15 && suggestedRateHz < 25, `${suggestedRateHz}`);
	assert.ok(latenessUs >= 0 && latenessUs < 60 * MS, `${latenessUs}`);
});

test("the pool runs the frame with the earliest deadline first, whichever stream has it", async () => {
	const streams = createStreams({ maxRunningCount: 1 });
	const one = openStream(streams);
	const two = openStream(streams);
	one.stream.reading(readingOf(streams.clock, 1));
	one.stream.reading(readingOf(streams.clock, 2, { budgetUs: 90 * MS }));
	two.stream.reading(readingOf(streams.clock, 3, { budgetUs: 50 * MS }));
	streams.held.runs[0]?.finish();
	await turn();
	streams.held.runs[1]?.finish();
	await turn();
	assert.deepEqual(
		streams.held.runs.map(({ frame }) => frame.sequence),
		[1, 3, 2],
	);
});

test("closing lets everything that was taken end first, and then says so", async () => {
	const streams = createStreams();
	const { stream, log } = openStream(streams);
	stream.reading(readingOf(streams.clock, 1));
	stream.reading(readingOf(streams.clock, 2));
	stream.close();
	stream.reading(readingOf(streams.clock, 3));
	streams.held.runs[0]?.finish();
	await turn();
	assert.deepEqual(log.lines, ["3 CANCELLED stream-closed", "1 RESULT"]);
	streams.held.runs[1]?.finish();
	await turn();
	assert.deepEqual(log.lines.slice(2), ["2 RESULT", "ended"]);
	assert.equal(log.totals?.received, 3);
	assert.equal(streams.held.closedCount, 1);
	assert.equal(streams.set.size, 0);
	assert.equal(streams.set.sensors.size, 0);
});

test("a client that goes away leaves nothing behind once its run lets go", async () => {
	const streams = createStreams();
	const { stream, log } = openStream(streams, { latencyBudgetUs: 1e6 });
	const leases = [new CountedLease(), new CountedLease()];
	for (const [i, lease] of leases.entries())
		stream.reading(readingOf(streams.clock, i + 1, { lease }));
	stream.cancel();
	assert.deepEqual(log.lines, [], "nobody is there to be told");
	assert.equal(stream.totals().outcomes.CANCELLED, 2);
	assert.equal(stream.totals().inFlight, 0);
	assert.equal(streams.held.runs[0]?.context.signal.aborted, true);
	assert.equal(streams.held.closedCount, 0);
	streams.held.runs[0]?.finish();
	await turn();
	assert.deepEqual(
		leases.map(({ releasedCount }) => releasedCount),
		[1, 1],
	);
	assert.equal(streams.held.closedCount, 1);
	assert.equal(streams.set.size, 0);
	assert.equal(streams.clock.pendingCount <= 1, true);
});

test("duplicates, frames from the future, and devices that nobody named are invalid", () => {
	const streams = createStreams();
	const sensor = {
		deviceId: "device",
		frameId: "base",
		periodUs: 1e5,
		calibration: null,
	};
	const { stream, log } = openStream(
		streams,
		{},
		{ pipeline: "scalar", sensors: [sensor] },
	);
	const first = readingOf(streams.clock, 1);
	stream.reading(first);
	stream.reading(first);
	stream.reading(readingOf(streams.clock, 9, { deviceId: "other" }));
	const aheadNs = BigInt((streams.clock.nowUs() + 60e6) * 1000);
	stream.reading(readingOf(streams.clock, 2, { timestampNs: aheadNs }));
	stream.reading(readingOf(streams.clock, 3, { value: Number.NaN }));
	assert.deepEqual(log.lines, [
		"1 RESULT",
		"1 INVALID duplicate",
		"9 INVALID unknown-device",
		"2 INVALID from-the-future",
		"3 INVALID not-finite",
	]);
});

test("a frame from the future does not make the next ones old", () => {
	const streams = createStreams();
	const { stream, log } = openStream(streams, {}, { pipeline: "scalar" });
	stream.reading(readingOf(streams.clock, 1));
	const aheadNs = BigInt((streams.clock.nowUs() + 60e6) * 1000);
	stream.reading(readingOf(streams.clock, 2, { timestampNs: aheadNs }));
	streams.clock.advance(10 * MS);
	stream.reading(readingOf(streams.clock, 3));
	assert.equal(log.lines.at(-1), "3 RESULT");
});

test("a frame that comes after a newer one is superseded with keep-last and run otherwise", () => {
	for (const [dropPolicy, expected] of [
		["keep-last", "1 SUPERSEDED out-of-order"],
		["drop-oldest", "1 RESULT"],
	] as const) {
		const streams = createStreams();
		const { stream, log } = openStream(
			streams,
			{ dropPolicy },
			{ pipeline: "scalar" },
		);
		const early = readingOf(streams.clock, 1);
		streams.clock.advance(10 * MS);
		stream.reading(readingOf(streams.clock, 2));
		stream.reading({ ...early, receivedUs: streams.clock.nowUs() });
		assert.deepEqual(log.lines, ["2 RESULT", expected]);
	}
});

test("missing numbers are told where the stream promised every frame", () => {
	for (const [reliability, told] of [
		["reliable", ["! device lost-frames 3"]],
		["best-effort", []],
	] as const) {
		const streams = createStreams();
		const { stream, log } = openStream(
			streams,
			{ reliability },
			{ pipeline: "scalar" },
		);
		stream.reading(readingOf(streams.clock, 1));
		stream.reading(readingOf(streams.clock, 5));
		assert.deepEqual(
			log.lines.filter((line) => line.startsWith("!")),
			told,
		);
	}
});

test("a stream hears when one of its devices falls silent and when it comes back", () => {
	const streams = createStreams();
	const { stream, log } = openStream(
		streams,
		{ livelinessLeaseUs: 300 * MS, liveliness: "manual-by-topic" },
		{
			pipeline: "scalar",
			sensors: ["a", "b"].map((deviceId) => ({
				deviceId,
				frameId: "",
				periodUs: Number.POSITIVE_INFINITY,
				calibration: null,
			})),
		},
	);
	streams.clock.advance(200 * MS);
	stream.reading(readingOf(streams.clock, 1, { deviceId: "a" }));
	streams.clock.advance(200 * MS);
	stream.heartbeat("b");
	assert.deepEqual(log.lines.slice(1), [
		"! b liveliness-lost 1",
		"! b liveliness-gained 1",
	]);
});

test("with automatic liveliness one device keeps all of the stream alive", () => {
	const streams = createStreams();
	const { stream, log } = openStream(
		streams,
		{ livelinessLeaseUs: 300 * MS },
		{
			pipeline: "scalar",
			sensors: ["a", "b"].map((deviceId) => ({
				deviceId,
				frameId: "",
				periodUs: Number.POSITIVE_INFINITY,
				calibration: null,
			})),
		},
	);
	for (let i = 1; i <= 5; i++) {
		streams.clock.advance(200 * MS);
		stream.reading(readingOf(streams.clock, i, { deviceId: "a" }));
	}
	assert.ok(!log.lines.some((line) => line.startsWith("!")), log.lines.join());
});

test("a stream is refused for a profile that its pipeline cannot live with, and the reason is told", () => {
	const streams = createStreams();
	streams.pipelines.set(
		"strict",
		new HeldPipeline({ requests: { reliability: "reliable" } }),
	);
	assert.throws(
		() =>
			openStream(
				streams,
				{ reliability: "best-effort" },
				{ pipeline: "strict" },
			),
		{
			code: "INVALID_ARGUMENT",
			message: /reliability \(offered best-effort, needed reliable\)/,
		},
	);
	assert.equal(streams.set.size, 0);
});

test("nine thousand streams that wait for one slot are served one after the other", async () => {
	const streams = createStreams({ maxRunningCount: 1 });
	const { stream } = openStream(streams);
	stream.reading(readingOf(streams.clock, 1));
	const others = Array.from({ length: 9_000 }, () =>
		openStream(streams, {}, { pipeline: "scalar" }),
	);
	for (const [i, other] of others.entries())
		other.stream.reading(readingOf(streams.clock, i));
	streams.held.runs[0]?.finish();
	await turn();
	assert.ok(others.every(({ log }) => log.outcomes.length === 1));
});

test("every outcome of every stream can be followed through shared memory", async () => {
	const streams = createStreams();
	const reader = new ResultRingReader(streams.set.follow());
	const plain = openStream(streams, {}, { pipeline: "scalar" });
	const held = openStream(streams);
	plain.stream.reading(readingOf(streams.clock, 1));
	held.stream.reading(
		readingOf(streams.clock, 2, { deviceId: "ö".repeat(99) }),
	);
	held.stream.cancel();
	const records = [reader.read(), reader.read()].map((one) =>
		decodeResult(one!),
	);
	assert.equal(reader.read(), null);
	assert.deepEqual(
		records.map(({ streamId, outcome, action }) => [streamId, outcome, action]),
		[
			[plain.stream.id, "RESULT", "keep"],
			[held.stream.id, "CANCELLED", ""],
		],
	);
	assert.equal(records[0]?.sequence, 1);
	assert.equal(records[0]?.deviceId, "device");
	assert.equal(records[1]?.deviceId, "ö".repeat(32), "a long name is cut");
});
