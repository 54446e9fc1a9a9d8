import assert from "node:assert/strict";
import {
	mkdirSync,
	mkdtempSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../../../../../test/support/until.ts";
import type { AuditEvent } from "../../audit/audit-event.ts";
import type { Swap, SwapOutcome } from "../../models/swap-events.ts";
import { Inspector } from "../../repository/watch/inspector.ts";
import { AuditFeed } from "./audit-feed.ts";

/** A model on disk, and what the log was given of it. */
function setUp(t: TestContext) {
	const root = mkdtempSync(join(tmpdir(), "saccade-feed-"));
	const file = join(root, "m", "1", "model.bin");
	mkdirSync(join(file, ".."), { recursive: true });
	writeFileSync(file, "weights");
	/** Wall-clock time: a second after the model was written, unless a test sets it. */
	const clock = { nowMs: statSync(file).ctimeMs + 1000 };
	const open = new Set<Inspector>();
	const appended: (AuditEvent & { readonly atMs: number })[] = [];
	const feed = new AuditFeed({
		log: {
			append: (event, atMs = 0) => void appended.push({ ...event, atMs }),
		},
		openInspector: () => {
			const inspector = new Inspector();
			open.add(inspector);
			return {
				ask: (about, path) => inspector.ask(about, path),
				close: () => {
					open.delete(inspector);
					return inspector.close();
				},
			};
		},
		directoryOf: async (model) => (model === "m" ? join(root, "m") : null),
		nowMs: () => clock.nowMs,
	});
	t.after(async () => {
		await feed.close();
		assert.equal(open.size, 0, "no thread is left");
		rmSync(root, { recursive: true });
	});
	let lastId = 0;
	const swap = (outcome: SwapOutcome, changes: Partial<Swap> = {}) => {
		const own: Swap = {
			id: ++lastId,
			model: "m",
			action: "load",
			cause: "start",
			by: "",
			from: [],
			...changes,
		};
		feed.listener({ kind: "begun", swap: own, atUs: 0 });
		clock.nowMs += 1;
		feed.listener({
			kind: "ended",
			swap: own,
			atUs: 0,
			outcome,
			phases: [],
			totalUs: 1,
		});
	};
	return { file, clock, feed, appended, swap, open };
}

const version = (digest: string | null) => [{ version: 1, digest }];
const switched = (digest: string | null): SwapOutcome => ({
	kind: "switched",
	to: version(digest),
	switchUs: 1,
});

test("a load that nobody hashed gets its digest once files may be read, and what leaves has it too", async (t) => {
	const { feed, appended, swap, open } = setUp(t);
	swap(switched(null));
	swap({ kind: "unloaded" }, { action: "unload", from: version(null) });
	assert.equal(appended.length, 0, "nothing is read before the server is open");
	feed.open();
	await until("both are there", () => appended.length === 2);
	const [load, unload] = appended;
	assert.match(load?.to[0]?.digest ?? "", /^sha256:[0-9a-f]{64}$/);
	assert.deepEqual(unload?.from, load?.to);
	assert.ok((load?.atMs ?? 0) > 0);
	await until("the thread has ended", () => open.size === 0);
});

test("files that changed since the load was asked for, or may have, name nothing", async (t) => {
	const { file, clock, feed, appended, swap } = setUp(t);
	feed.open();
	writeFileSync(file, "other weights");
	const changedMs = statSync(file).ctimeMs;
	// Times of files move in steps of up to 20 ms.
	for (const askedMs of [-1000, 0, 19, 21]) {
		clock.nowMs = changedMs + askedMs;
		swap(switched(null));
	}
	await until("all are there", () => appended.length === 4);
	const isNamed = appended.map(({ to }) => to[0]?.digest !== null);
	assert.deepEqual(isNamed, [false, false, false, true]);
});

test("a digest that was taken stays, and events keep their order and their times", async (t) => {
	const { clock, feed, appended, swap } = setUp(t);
	feed.open();
	const beforeMs = clock.nowMs;
	swap(switched(null));
	swap(switched("sha256:given"), { from: version(null) });
	swap({ kind: "unchanged" }, { model: "nowhere", from: version(null) });
	await until("all are there", () => appended.length === 3);
	assert.equal(appended[1]?.to[0]?.digest, "sha256:given");
	assert.deepEqual(appended[1]?.from, appended[0]?.to);
	assert.deepEqual(appended[2]?.to, version(null));
	assert.deepEqual(
		appended.map(({ atMs }) => atMs - beforeMs),
		[1, 2, 3],
	);
});

test("what waits when the server ends goes as it is", async (t) => {
	const { feed, appended, swap } = setUp(t);
	swap(switched(null));
	await feed.close();
	assert.deepEqual(
		appended.map(({ to }) => to),
		[version(null)],
	);
});
