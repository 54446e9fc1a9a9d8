import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
	type IdleModel,
	type MemoryShare,
	ModelMemory,
} from "./model-memory.ts";

/** Models that are loaded, none of them in use unless `busy` says so. */
function setUp(limit: number, mayEvict = true) {
	const shares = new Map<string, MemoryShare>();
	const idle: IdleModel[] = [];
	const busy = new Set<string>();
	const evicted: string[] = [];
	const memory = new ModelMemory({
		limitOf: (device) => (device === "cpu" ? limit : Number.POSITIVE_INFINITY),
		idle: () => idle.filter(({ model }) => shares.has(model)),
		evict: mayEvict
			? async (model) => {
					if (busy.has(model)) return false;
					shares.get(model)?.release();
					shares.delete(model);
					evicted.push(model);
					return true;
				}
			: null,
	});
	const on = (bytes: number, device = "cpu") => new Map([[device, bytes]]);
	const load = async (model: string, bytes: number, device = "cpu") => {
		const share = await memory.reserve(model, 1, on(bytes, device));
		shares.set(model, share);
		idle.push({ model, lastUsedUs: idle.length });
		return share;
	};
	return { memory, load, on, busy, evicted };
}

describe("memory of models", () => {
	test("is taken from whom nobody used longest, and from no more than are needed", async () => {
		const { memory, load, evicted } = setUp(100);
		for (const model of ["a", "b", "c"]) await load(model, 30);
		await load("d", 60);
		assert.deepEqual(evicted, ["a", "b"]);
		assert.equal(memory.usedBytes("cpu"), 90);
	});

	test("is not taken from whom somebody uses: who needs it hears when to come back", async () => {
		const { load, busy, evicted } = setUp(100);
		await load("a", 60);
		await load("b", 40);
		busy.add("a");
		await assert.rejects(load("c", 50), {
			code: "UNAVAILABLE",
			message:
				/'c' takes 50 bytes on cpu; 60 of its budget of 100 are taken \(a\)/,
			details: { retryAfterMs: 250 },
		});
		assert.deepEqual(evicted, ["b"]);
	});

	test("of one that will never fit is refused for good", async () => {
		const { load } = setUp(100);
		await assert.rejects(load("a", 101), {
			code: "LOAD_FAILED",
			message: /101 bytes on cpu, more than its budget of 100; raise/,
		});
	});

	test("of the version in service is not given to its successor", async () => {
		const { load } = setUp(100);
		await load("a", 60);
		await assert.rejects(load("a", 60), { code: "UNAVAILABLE" });
	});

	test("stays where nobody may be put out", async () => {
		const { load } = setUp(100, false);
		await load("a", 60);
		await assert.rejects(load("b", 60), { code: "UNAVAILABLE" });
	});

	test("is counted on each device alone, and not where there is no limit", async () => {
		const { memory, load, evicted } = setUp(100);
		await load("a", 60);
		await load("b", 1e9, "gpu");
		assert.equal(memory.usedBytes("gpu"), 1e9);
		assert.deepEqual(evicted, []);
	});

	test("is what was measured, which is expected the next time", async () => {
		const { memory, load, on, evicted } = setUp(100);
		const share = await load("a", 10);
		await share.settle(on(70));
		assert.equal(memory.usedBytes("cpu"), 70);
		share.release();
		share.release();
		assert.equal(memory.usedBytes("cpu"), 0);
		await load("b", 40);
		await load("a", 10);
		assert.deepEqual(evicted, ["b"]);
		assert.equal(memory.usedBytes("cpu"), 70);
	});

	test("that turns out to be too much is refused, and what was taken stays until it is let go of", async () => {
		const { memory, load, on, busy } = setUp(100);
		await load("a", 60);
		busy.add("a");
		const share = await load("b", 10);
		await assert.rejects(share.settle(on(50)), { code: "UNAVAILABLE" });
		assert.equal(memory.usedBytes("cpu"), 70);
		share.release();
		assert.equal(memory.usedBytes("cpu"), 60);
	});
});
