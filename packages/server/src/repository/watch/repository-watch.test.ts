import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ManualClock } from "../../common/manual-clock.ts";
import type { Inspections } from "./inspector-messages.ts";
import { RepositoryWatch } from "./repository-watch.ts";
import type { ModelScan, RepositoryScan } from "./scan.ts";

const POLL_US = 15_000_000;
const SETTLE_US = 500_000;

function modelOf(name: string, signature: string): ModelScan {
	const path = `/models/${name}`;
	return { name, path, signature, files: [], directories: [], problems: [] };
}

/** A repository that the test describes, looked at now and then: no file system, no events. */
async function setUp(
	t: TestContext,
	atStart: Readonly<Record<string, string>>,
) {
	const clock = new ManualClock();
	const log: string[] = [];
	let models = atStart;
	let problem: string | null = null;
	const read = new Map(Object.entries(atStart));
	const scan = (): RepositoryScan => ({
		models:
			problem === null
				? Object.entries(models).map(([name, signature]) =>
						modelOf(name, signature),
					)
				: [],
		directories: [],
		problem,
		isRemote: false,
	});
	const watch = new RepositoryWatch({
		repositories: ["/models"],
		useEvents: false,
		pollUs: POLL_US,
		settleUs: SETTLE_US,
		clock,
		inspector: {
			ask: async <About extends keyof Inspections>(
				about: About,
				path: string,
			) => {
				if (about === "content") log.push(`read ahead ${path}`);
				return (about === "repository" ? scan() : null) as Inspections[About];
			},
		},
		readSignature: (model) => read.get(model) ?? null,
		changed: (model, signature) => {
			read.set(model, signature);
			log.push(`changed ${model} ${signature}`);
		},
		removed: (model) => log.push(`removed ${model}`),
		warn: (text) => log.push(`warn ${text}`),
	});
	await watch.start();
	t.after(() => watch.close());
	/** In steps: a look is answered in a turn of the loop. */
	const pass = async (us: number) => {
		const stepUs = SETTLE_US / 10;
		for (let passed = 0; passed < us; passed += stepUs) {
			clock.advance(Math.min(stepUs, us - passed));
			for (let turn = 0; turn < 4; turn++) await nextTurn();
		}
	};
	return {
		log,
		pass,
		clock,
		watch,
		put: (next: Readonly<Record<string, string>>) => {
			models = next;
		},
		fail: (text: string | null) => {
			problem = text;
		},
	};
}

describe("a repository that is looked at now and then", () => {
	test("tells nothing while nothing changes", async (t) => {
		const { log, pass } = await setUp(t, { a: "1", b: "1" });
		await pass(3 * POLL_US);
		assert.deepEqual(log, []);
	});

	test("tells of a model when it is still for the settle time, and reads it ahead", async (t) => {
		const { log, pass, put } = await setUp(t, { a: "1", b: "1" });
		put({ a: "2", b: "1" });
		await pass(POLL_US);
		assert.deepEqual(log, []);
		await pass(SETTLE_US / 2);
		assert.deepEqual(log, ["read ahead /models/a"]);
		await pass(SETTLE_US / 2 - 1);
		assert.equal(log.length, 1);
		await pass(1);
		assert.deepEqual(log, ["read ahead /models/a", "changed a 2"]);
		await pass(2 * POLL_US);
		assert.equal(log.length, 2, "once");
	});

	test("waits for a slow copy, however long it takes", async (t) => {
		const { log, pass, put } = await setUp(t, { a: "1" });
		put({ a: "2" });
		await pass(POLL_US);
		for (let part = 3; part < 10; part++) {
			put({ a: String(part) });
			await pass(SETTLE_US * 0.9);
			assert.deepEqual(
				log.filter((line) => line.startsWith("changed")),
				[],
			);
		}
		await pass(2 * SETTLE_US);
		assert.deepEqual(log.at(-1), "changed a 9");
		assert.equal(log.filter((line) => line.startsWith("changed")).length, 1);
	});

	test("tells nothing of what was put back meanwhile", async (t) => {
		const { log, pass, put } = await setUp(t, { a: "1" });
		put({ a: "2" });
		await pass(POLL_US);
		put({ a: "1" });
		await pass(2 * SETTLE_US);
		assert.deepEqual(
			log.filter((line) => line.startsWith("changed")),
			[],
		);
	});

	test("tells of a model that is new, and of one that is gone", async (t) => {
		const { log, pass, put } = await setUp(t, { a: "1" });
		put({ b: "1" });
		await pass(POLL_US + SETTLE_US);
		const told = log.filter((line) => !line.startsWith("read"));
		assert.deepEqual(told.sort(), ["changed b 1", "removed a"]);
	});

	test("tells nothing of a model that was gone for a moment only", async (t) => {
		const { log, pass, put } = await setUp(t, { a: "1" });
		put({});
		await pass(POLL_US);
		put({ a: "1" });
		await pass(2 * SETTLE_US);
		assert.deepEqual(
			log.filter((line) => !line.startsWith("read")),
			[],
		);
	});

	test("that cannot be read loses no model, and is told once until it can be again", async (t) => {
		const { log, pass, fail } = await setUp(t, { a: "1" });
		fail("EACCES");
		await pass(3 * POLL_US);
		assert.deepEqual(log, ["warn EACCES"]);
		fail(null);
		await pass(POLL_US);
		fail("EACCES");
		await pass(POLL_US);
		assert.deepEqual(log, ["warn EACCES", "warn EACCES"]);
	});

	test("is let alone when the watch is closed", async (t) => {
		const { log, pass, put, clock, watch } = await setUp(t, { a: "1" });
		put({ a: "2" });
		await pass(POLL_US);
		await watch.close();
		assert.equal(clock.pendingCount, 0);
		await pass(POLL_US);
		assert.deepEqual(log, []);
	});
});
