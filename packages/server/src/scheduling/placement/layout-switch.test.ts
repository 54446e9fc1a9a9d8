// One lane of all cores, and two lanes of one core each, on simulated devices and a clock that jumps between events.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../../common/manual-clock.ts";
import { BatchScheduler } from "../batch-scheduler.ts";
import { CostModel } from "../cost/cost-model.ts";
import { DeadlinePolicy } from "../policies/deadline-policy.ts";
import { NO_QUEUE_POLICY } from "../queue/queue-policy.ts";
import { randomFrom } from "../testing/simulation.ts";
import { TestEntry } from "../testing/test-entry.ts";
import { LayoutSwitch } from "./layout-switch.ts";

const MAX_ROWS = 64;
const DEADLINE_US = 200_000;
const SECOND_US = 1_000_000;

type RunUs = (rows: number) => number;
const oneLaneUs: RunUs = (rows) => 2000 + 340 * rows;
const ONE_LANE_PER_S = (MAX_ROWS / oneLaneUs(MAX_ROWS)) * 1e6;
/** Two lanes together answer a seventh more, or less. */
const sideBySideUs: RunUs = (rows) => (2 * oneLaneUs(rows)) / 1.14;
const slowSideBySideUs: RunUs = (rows) => (2 * oneLaneUs(rows)) / 0.86;

interface Served {
	readonly inTime: number;
	readonly ended: number;
	readonly submitted: number;
	/** Layout of each batch. */
	readonly layouts: readonly number[];
}

/** Poisson arrivals, so many a second in each second. */
function serve(perSecond: readonly number[], laneUs: RunUs): Served {
	return run({ oneUs: oneLaneUs, laneUs }, (server) => {
		const { clock, random, send } = server;
		for (const [second, rate] of perSecond.entries())
			while (clock.nowUs() < (second + 1) * SECOND_US) {
				clock.advance((-Math.log(random()) * SECOND_US) / rate);
				send();
			}
	});
}

/** So many clients, each back `returnUs` after its answer. */
function closedLoop(
	clientCount: number,
	returnUs: number,
	curves: Curves,
): Served {
	return run(curves, ({ clock, send, onAnswer }) => {
		onAnswer(() => clock.at(clock.nowUs() + returnUs, send));
		for (let client = 0; client < clientCount; client++) send();
		clock.advance(10 * SECOND_US);
		onAnswer(() => {});
	});
}

interface Curves {
	readonly oneUs: RunUs;
	readonly laneUs: RunUs;
}

interface Server {
	readonly clock: ManualClock;
	readonly random: () => number;
	send(): void;
	onAnswer(told: () => void): void;
}

function run(
	{ oneUs, laneUs }: Curves,
	load: (server: Server) => void,
): Served {
	let told = () => {};
	const clock = new ManualClock();
	const random = randomFrom(11);
	const costs = [new CostModel(MAX_ROWS), new CostModel(MAX_ROWS)] as const;
	for (const rows of [1, MAX_ROWS / 2, MAX_ROWS]) {
		costs[0].observe(rows, oneUs(rows), 0);
		costs[1].observe(rows, laneUs(rows), 0);
	}
	for (const cost of costs) cost.endCalibration();
	const layouts: number[] = [];
	let inTime = 0;
	let ended = 0;
	let submitted = 0;
	const inUse = () => {
		for (const layout of [0, 1])
			scheduler.setDevice(layout, layoutSwitch.isInUse(layout));
	};
	const layoutSwitch = new LayoutSwitch<TestEntry>(costs, inUse);
	const scheduler = new BatchScheduler<TestEntry>({
		clock,
		executor: {
			laneCount: 3,
			deviceLanes: [1, 2],
			run: (batch, _why, lane, release) => {
				const layout = lane === 0 ? 0 : 1;
				layouts.push(layout);
				const tookUs = (layout === 0 ? oneUs : laneUs)(batch.length);
				clock.at(clock.nowUs() + tookUs, () => {
					const nowUs = clock.nowUs();
					for (const entry of batch) {
						entry.state = "done";
						ended++;
						if (nowUs <= entry.deadlineUs) inTime++;
						told();
					}
					costs[layout].observe(batch.length, tookUs, nowUs);
					const { queuedRows } = scheduler.stats();
					layoutSwitch.ended(batch.length, queuedRows, nowUs);
					release(lane);
				});
			},
		},
		events: { refused: () => ended++ },
		policy: new DeadlinePolicy({
			rules: { maxRows: MAX_ROWS, preferredRows: [], maxDelayUs: 0 },
			cost: layoutSwitch,
		}),
		placement: layoutSwitch,
		maxRows: MAX_ROWS,
		levels: [NO_QUEUE_POLICY],
		defer: (callback) => clock.at(clock.nowUs(), callback),
	});
	inUse();
	const send = () => {
		submitted++;
		const deadlineUs = clock.nowUs() + DEADLINE_US;
		scheduler.submit(new TestEntry("", { deadlineUs }));
	};
	const onAnswer = (next: () => void) => {
		told = next;
	};
	load({ clock, random, send, onAnswer });
	clock.advance(2 * DEADLINE_US);
	return { inTime, ended, submitted, layouts };
}

const seconds = (count: number, rate: number) =>
	new Array<number>(count).fill(rate);
const shareSideBySide = (layouts: readonly number[]) =>
	layouts.filter((layout) => layout === 1).length / layouts.length;

describe("of two layouts", () => {
	test("lanes side by side are used under overload where they answer more", () => {
		const served = serve(seconds(20, 2 * ONE_LANE_PER_S), sideBySideUs);
		assert.equal(served.ended, served.submitted, "each ends once");
		assert.ok(shareSideBySide(served.layouts) > 0.85);
		const perSecond = served.inTime / 20;
		assert.ok(perSecond >= 1.08 * ONE_LANE_PER_S, String(perSecond));
	});

	test("the one lane is used under overload where they do not", () => {
		const served = serve(seconds(20, 2 * ONE_LANE_PER_S), slowSideBySideUs);
		assert.equal(served.ended, served.submitted);
		assert.ok(shareSideBySide(served.layouts) < 0.15);
		const perSecond = served.inTime / 20;
		assert.ok(perSecond >= 0.95 * ONE_LANE_PER_S, String(perSecond));
	});

	test("the one lane is used while it is enough, and again when it is", () => {
		const light = seconds(5, 0.5 * ONE_LANE_PER_S);
		const calm = serve(light, sideBySideUs);
		assert.equal(shareSideBySide(calm.layouts), 0);
		assert.equal(calm.inTime, calm.submitted);
		const heavy = seconds(5, 2 * ONE_LANE_PER_S);
		const { layouts } = serve([...heavy, ...light], sideBySideUs);
		assert.ok(layouts.includes(1));
		assert.equal(shareSideBySide(layouts.slice(-100)), 0);
	});

	test("the one lane is kept for clients of whom half wait while the other half is answered", () => {
		// 32 rows are about as cheap as 64.
		const oneUs: RunUs = (rows) => 1000 + 500 * rows;
		const curves = { oneUs, laneUs: (rows: number) => 2 * oneUs(rows) };
		const { layouts, ended, submitted } = closedLoop(64, 1500, curves);
		assert.equal(ended, submitted);
		assert.equal(shareSideBySide(layouts), 0);
	});
});
