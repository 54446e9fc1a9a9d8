import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../common/manual-clock.ts";
import { randomFrom, simulate } from "../testing/simulation.ts";
import { TestEntry } from "../testing/test-entry.ts";
import {
	DeviceArbiter,
	type DeviceShare,
	LAG_US,
	PATIENCE_US,
} from "./device-arbiter.ts";

const THREADS = 2;
const RUN_US = 10_000;

/** Models with runs of one thread on a device of two; each runs as often as it may. */
function setUp(weights: readonly number[], threadCount = THREADS) {
	const arbiter = new DeviceArbiter(threadCount);
	const woken: number[] = [];
	const shares = weights.map((weight, index) =>
		arbiter.share({ weight, threadCounts: [1], wake: () => woken.push(index) }),
	);
	const end = (share: DeviceShare, tookUs = RUN_US) => {
		share.finished(RUN_US, tookUs);
		share.settle();
	};
	return { arbiter, shares: shares as [DeviceShare, DeviceShare], woken, end };
}

describe("a place on the device", () => {
	test("is always there for a model that is alone, however many runs it has", () => {
		const { shares } = setUp([1, 1]);
		for (let run = 0; run < 5; run++)
			assert.ok(shares[0].tryStart(0, RUN_US, 0));
	});

	test("of another model waits for a thread, and is told when there is one", () => {
		const { shares, woken, end } = setUp([1, 1]);
		for (let run = 0; run < 3; run++) shares[0].tryStart(0, RUN_US, 0);
		assert.equal(shares[1].tryStart(0, RUN_US, 0), false);
		end(shares[0]);
		assert.deepEqual(woken, []);
		end(shares[0]);
		assert.deepEqual(woken, [1]);
		assert.ok(shares[1].tryStart(0, RUN_US, 0));
	});

	test("is not needed by a run that is shorter than the wait for it", () => {
		const { shares } = setUp([1, 1]);
		for (let run = 0; run < 3; run++) shares[0].tryStart(0, RUN_US, 0);
		assert.ok(shares[1].tryStart(0, 100, 0));
	});

	test("comes as often as the weight of the moment says, and a new weight begins without debts", () => {
		const arbiter = new DeviceArbiter(1);
		const runs = [0, 0];
		let running = -1;
		const ask = (index: number) => {
			if (!shares[index]?.tryStart(0, RUN_US, 0)) return;
			running = index;
			runs[index] = (runs[index] ?? 0) + 1;
		};
		const shares = [0, 1].map((index) =>
			arbiter.share({ weight: 1, threadCounts: [1], wake: () => ask(index) }),
		);
		const [served, warming] = shares;
		/** Both always want more. @returns how many of the runs are the second one's */
		const run = (count: number) => {
			runs.fill(0);
			for (let i = 0; i < count; i++) {
				const ended = running;
				shares[ended]?.finished(RUN_US, RUN_US);
				ask(ended);
				shares[ended]?.settle();
			}
			return (runs[1] ?? 0) / count;
		};
		ask(0);
		ask(1);
		warming?.setWeight(0.1);
		const few = run(220);
		assert.ok(Math.abs(few - 1 / 11) < 0.02, `${few} at a tenth`);
		warming?.setWeight(1);
		const even = run(100);
		assert.ok(Math.abs(even - 1 / 2) < 0.05, `${even} at the same weight`);
		assert.notEqual(served, warming);
	});

	test("is found by one run at least, however many threads it takes", () => {
		const arbiter = new DeviceArbiter(2);
		const wake = () => {};
		const narrow = arbiter.share({ weight: 1, threadCounts: [1], wake });
		const wide = arbiter.share({ weight: 1, threadCounts: [8], wake });
		narrow.tryStart(0, RUN_US, 0);
		assert.equal(wide.tryStart(0, RUN_US, 0), false);
		narrow.finished(RUN_US, RUN_US);
		narrow.settle();
		assert.ok(wide.tryStart(0, RUN_US, 0));
	});

	test("takes the threads of the layout that the run is of", () => {
		const arbiter = new DeviceArbiter(2);
		const wake = () => {};
		const other = arbiter.share({ weight: 1, threadCounts: [1], wake });
		const model = arbiter.share({ weight: 1, threadCounts: [2, 1], wake });
		other.tryStart(0, RUN_US, 0);
		assert.ok(model.tryStart(0, RUN_US, 0, 1), "one thread, which is there");
		model.finished(RUN_US, RUN_US, 1);
		assert.equal(model.tryStart(0, RUN_US, 0, 0), false, "two are not");
	});

	test("that comes free goes to who is due first, unless it is far ahead in service", () => {
		const { shares, woken, end } = setUp([1, 1, 1], 1);
		const [running, early] = shares;
		const late = (shares as DeviceShare[])[2]!;
		running.tryStart(0, RUN_US, 0);
		assert.equal(late.tryStart(900, RUN_US, 0), false);
		assert.equal(early.tryStart(100, RUN_US, 0), false);
		end(running);
		assert.equal(woken[0], 1);
		early.tryStart(100, RUN_US, 0);
		assert.equal(late.tryStart(900, RUN_US, 0), false);
		early.finished(RUN_US, 2 * LAG_US);
		early.tryStart(100, RUN_US, 0);
		early.settle();
		assert.equal(woken[1], 2);
	});

	test("is given after a second to whoever still waits: a run that hangs holds it no longer", () => {
		const { shares } = setUp([1, 1], 1);
		shares[0].tryStart(0, RUN_US, 0);
		assert.equal(shares[1].tryStart(0, RUN_US, 10), false);
		assert.equal(shares[1].tryStart(0, RUN_US, PATIENCE_US), false);
		assert.ok(shares[1].tryStart(0, RUN_US, PATIENCE_US + 10));
	});

	test("is kept for nobody who left", () => {
		const { shares, woken, end } = setUp([1, 1, 1], 1);
		const third = (shares as DeviceShare[])[2]!;
		shares[0].tryStart(0, RUN_US, 0);
		shares[1].tryStart(0, RUN_US, 0);
		third.tryStart(1, RUN_US, 0);
		shares[1].close();
		end(shares[0]);
		assert.deepEqual(woken, [2]);
	});
});

describe("what a model can count on", () => {
	test("is all of the device, at once, while it is alone", () => {
		const { shares } = setUp([1], 1);
		shares[0].tryStart(0, RUN_US, 0);
		assert.equal(shares[0].waitUs(0), 0);
		assert.equal(shares[0].portion(0), 1);
	});

	test("begins when the others have run, and what of theirs may go first", () => {
		const { shares } = setUp([1, 1, 1], 1);
		const [running, asking, waiting] = shares as DeviceShare[];
		assert.equal(asking?.waitUs(0), 0);
		running?.tryStart(0, RUN_US, 0);
		assert.equal(asking?.waitUs(0), RUN_US);
		assert.equal(asking?.waitUs(RUN_US / 2), RUN_US / 2);
		assert.equal(asking?.waitUs(2 * RUN_US), 0, "late, so about to end");
		waiting?.tryStart(0, 3000, 0);
		assert.equal(asking?.waitUs(0), RUN_US + 3000);
	});

	test("does not begin later for one that is far ahead in service", () => {
		const { shares } = setUp([1, 1], 1);
		const [ahead, behind] = shares;
		ahead.tryStart(0, RUN_US, 0);
		behind.tryStart(0, RUN_US, 0);
		ahead.finished(RUN_US, RUN_US + 5 * LAG_US);
		ahead.settle();
		behind.tryStart(0, RUN_US, 0);
		assert.equal(ahead.tryStart(0, RUN_US, 0), false);
		assert.equal(behind.waitUs(0), 0);
		assert.equal(ahead.waitUs(0), RUN_US);
	});

	test("is what others leave, or its fair part where they leave less", () => {
		const { shares } = setUp([1, 1, 3], 1);
		const [busy, asking, third] = shares as DeviceShare[];
		assert.equal(asking?.portion(0), 1);
		busy?.tryStart(0, 100_000, 0);
		// A fifth of the half second that is remembered.
		assert.ok(Math.abs(asking!.portion(2000) - 0.8) < 0.01);
		busy?.finished(100_000, 450_000);
		assert.equal(asking?.portion(4000), 0.5);
		third?.tryStart(0, RUN_US, 4000);
		assert.equal(asking?.portion(6000), 0.2);
		third?.close();
		busy?.close();
		assert.equal(asking?.portion(8000), 1);
	});

	test("is told apart from having nothing to run", () => {
		const { shares, end } = setUp([1, 1], 1);
		const [running, waiting] = shares;
		running.tryStart(0, RUN_US, 0);
		assert.equal(waiting.isHeldUp, false);
		waiting.tryStart(0, RUN_US, 0);
		assert.equal(waiting.isHeldUp, true);
		// It is woken, and has nothing to run any more.
		end(running);
		assert.equal(waiting.isHeldUp, false);
	});
});

/** Models at `load` times what the device can do together, each of Poisson arrivals with deadlines; runs of each in µs. */
function overload(weights: readonly number[], runUs: readonly number[]) {
	const clock = new ManualClock();
	const arbiter = new DeviceArbiter(1);
	const servedUs = weights.map(() => 0);
	const random = randomFrom(11);
	const models = weights.map((weight, index) => {
		const { scheduler } = simulate({
			maxRows: 1,
			clock,
			runUs: () => runUs[index]!,
			share: (wake) => arbiter.share({ weight, threadCounts: [1], wake }),
			answered: () => {
				servedUs[index]! += runUs[index]!;
			},
		});
		const arrive = () => {
			const deadlineUs = clock.nowUs() + 400_000;
			scheduler.submit(new TestEntry("", { deadlineUs }));
			const gapUs = -Math.log(random()) * (runUs[index]! / 1);
			clock.at(clock.nowUs() + gapUs, arrive);
		};
		arrive();
		return scheduler;
	});
	clock.advance(20e6);
	for (const scheduler of models) scheduler.close();
	return servedUs.map((us) => us / 20e6);
}

describe("two models, each with as much work as the device can do", () => {
	for (const runUs of [
		[5000, 5000],
		[2000, 12_000],
	] as const)
		test(`share it 1 : 3 by their weights, with runs of ${runUs.join(" and ")} µs`, () => {
			const [one = 0, three = 0] = overload([1, 3], runUs);
			assert.ok(one + three > 0.97, `${one} + ${three}`);
			assert.ok(Math.abs(one - 0.25) < 0.03, `${one}`);
		});
});

test("lanes of one thread run side by side beside another model where three threads are", () => {
	const clock = new ManualClock();
	const arbiter = new DeviceArbiter(3);
	const other = arbiter.share({ weight: 1, threadCounts: [1], wake: () => {} });
	other.tryStart(0, RUN_US, 0);
	const oneThread = 1;
	let running = 0;
	let most = 0;
	const { scheduler } = simulate({
		maxRows: 1,
		deviceLanes: [1, 2],
		placement: {
			choose: () => ({ kind: "device", device: oneThread }),
			isForAnother: () => false,
			runUs: () => RUN_US,
		},
		clock,
		runUs: () => {
			most = Math.max(most, ++running);
			return RUN_US;
		},
		share: (wake) => arbiter.share({ weight: 1, threadCounts: [2, 1], wake }),
		answered: () => running--,
	});
	scheduler.setDevice(0, false);
	// What was learnt before was no run.
	running = 0;
	most = 0;
	for (let i = 0; i < 4; i++) scheduler.submit(new TestEntry(""));
	clock.advance(3 * RUN_US);
	assert.equal(most, 2);
	assert.equal(running, 0);
	scheduler.close();
});

test("a model runs a second after another one hung on every thread", () => {
	const clock = new ManualClock();
	const arbiter = new DeviceArbiter(1);
	arbiter
		.share({ weight: 1, threadCounts: [1], wake: () => {} })
		.tryStart(0, RUN_US, 0);
	let answeredUs = 0;
	const { scheduler } = simulate({
		maxRows: 1,
		clock,
		runUs: () => RUN_US,
		share: (wake) => arbiter.share({ weight: 1, threadCounts: [1], wake }),
		answered: () => {
			answeredUs = clock.nowUs();
		},
	});
	scheduler.submit(new TestEntry(""));
	clock.advance(3 * PATIENCE_US);
	assert.equal(answeredUs, PATIENCE_US + RUN_US);
	scheduler.close();
});

test("whoever waits runs within the stated bound, whatever the others do", () => {
	const anyModel = fc.record({
		weight: fc.constantFrom(0.25, 1, 4),
		runUs: fc.integer({ min: 300, max: 30_000 }),
		dueUs: fc.integer({ min: 0, max: 1000 }),
		restUs: fc.constantFrom(0, 0, 5000, 200_000),
	});
	fc.assert(
		fc.property(
			fc.array(anyModel, { minLength: 2, maxLength: 5 }),
			(models) => {
				const clock = new ManualClock();
				const arbiter = new DeviceArbiter(1);
				const served = models.map(() => 0);
				const shares = models.map(({ weight, runUs, dueUs, restUs }, index) => {
					let waiting: { sinceUs: number; served: number[] } | null = null;
					const ask = () => {
						if (share.tryStart(dueUs, runUs, clock.nowUs())) {
							if (waiting !== null) check(waiting.served);
							waiting = null;
							clock.at(clock.nowUs() + runUs, () => {
								served[index]! += runUs;
								share.finished(runUs, runUs);
								if (restUs === 0) ask();
								else clock.at(clock.nowUs() + restUs, ask);
								share.settle();
							});
						} else if (waiting === null)
							waiting = { sinceUs: clock.nowUs(), served: [...served] };
					};
					const check = (before: readonly number[]) => {
						for (const [at, other] of models.entries()) {
							if (at === index) continue;
							const most =
								(2 * LAG_US + runUs / weight) * other.weight + 2 * other.runUs;
							assert.ok(served[at]! - before[at]! <= most);
						}
					};
					const share = arbiter.share({ weight, threadCounts: [1], wake: ask });
					clock.at(index, ask);
					return share;
				});
				clock.advance(3e6);
				for (const us of served) assert.ok(us > 0);
				for (const share of shares) share.close();
			},
		),
		{ seed: 9, numRuns: 200 },
	);
});
