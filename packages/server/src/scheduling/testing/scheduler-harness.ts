// A scheduler with everything that happens in one log, on a clock and an event loop that move by hand.
import { ManualClock } from "../../common/manual-clock.ts";
import {
	BatchScheduler,
	type BatchSchedulerOptions,
} from "../batch-scheduler.ts";
import { NO_QUEUE_POLICY } from "../queue-policy.ts";
import type {
	ClosedBecause,
	Entry,
	EntryList,
	EntryState,
} from "../scheduler.ts";

export class TestEntry implements Entry {
	readonly name: string;
	readonly rows: number;
	readonly deadlineUs: number;
	readonly priority: number;
	readonly timeoutUs: number;
	readonly shapeKey: string;
	enqueuedUs = 0;
	state: EntryState = "new";
	list: EntryList | null = null;
	next: Entry | null = null;
	previous: Entry | null = null;
	expiresUs = Number.POSITIVE_INFINITY;
	heapIndex = -1;

	constructor(
		name: string,
		given: Partial<
			Pick<Entry, "rows" | "deadlineUs" | "priority" | "timeoutUs" | "shapeKey">
		> = {},
	) {
		this.name = name;
		this.rows = given.rows ?? 1;
		this.deadlineUs = given.deadlineUs ?? Number.POSITIVE_INFINITY;
		this.priority = given.priority ?? 0;
		this.timeoutUs = given.timeoutUs ?? 0;
		this.shapeKey = given.shapeKey ?? "";
	}
}

interface Batch {
	readonly entries: readonly TestEntry[];
	readonly because: ClosedBecause;
	readonly release: () => void;
}

export function setUp(
	options: Partial<BatchSchedulerOptions<TestEntry>> = {},
	laneCount = 1,
) {
	const clock = new ManualClock();
	const log: string[] = [];
	const running: Batch[] = [];
	const deferred: (() => void)[] = [];
	const scheduler = new BatchScheduler<TestEntry>({
		clock,
		rules: { maxRows: 4, preferredRows: [], maxDelayUs: 0 },
		levels: [NO_QUEUE_POLICY],
		executor: {
			laneCount,
			run: (entries, because, release) => {
				log.push(
					`run ${entries.map(({ name }) => name).join(" ")} (${because})`,
				);
				running.push({ entries, because, release });
			},
		},
		events: {
			refused: (entry, because) =>
				log.push(`refuse ${entry.name} (${because})`),
		},
		defer: (callback) => deferred.push(callback),
		...options,
	});
	return {
		clock,
		log,
		running,
		scheduler,
		/** The event loop's turn. */
		tick: () => {
			for (const callback of deferred.splice(0)) callback();
		},
		finish: () => {
			const batch = running.shift();
			for (const entry of batch?.entries ?? []) entry.state = "done";
			batch?.release();
		},
	};
}
