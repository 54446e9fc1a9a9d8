import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ManualClock } from "../../common/manual-clock.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { ModelDemand } from "./model-demand.ts";

const ABSENT = new SaccadeError("NOT_FOUND", "it does not serve");

function setUp() {
	const clock = new ManualClock();
	const loads: { name: string; end: PromiseWithResolvers<void> }[] = [];
	const demand = new ModelDemand({
		absent: (name) => (name === "known" ? name : null),
		load: (name) => {
			const end = Promise.withResolvers<void>();
			loads.push({ name, end });
			return end.promise;
		},
		clock,
	});
	const ask = (name = "known", error = ABSENT) => demand.refusal(name, error);
	return { clock, loads, ask };
}

test("the first request begins the load, and each hears how long it takes still", async () => {
	const { clock, loads, ask } = setUp();
	const first = ask();
	assert.equal(first.code, "UNAVAILABLE");
	assert.deepEqual(first.details, { retryAfterMs: 1000 });
	clock.advance(400_000);
	assert.deepEqual(ask().details, { retryAfterMs: 600 });
	clock.advance(3_600_000);
	assert.deepEqual(ask().details, { retryAfterMs: 100 }, "it takes longer");
	assert.deepEqual(
		loads.map(({ name }) => name),
		["known"],
		"once",
	);
	loads[0]?.end.resolve();
	await nextTurn();
	// Evicted since: it is known by now how long a load takes.
	assert.deepEqual(ask().details, { retryAfterMs: 4000 });
	assert.equal(loads.length, 2);
});

test("a model that cannot be loaded says why, and is tried again after a while", async () => {
	const { clock, loads, ask } = setUp();
	ask();
	loads[0]?.end.reject(new SaccadeError("LOAD_FAILED", "no such operator"));
	await nextTurn();
	const refusal = ask();
	assert.equal(refusal.code, "UNAVAILABLE");
	assert.match(
		refusal.message,
		/no such operator; it is tried again in 5000 ms/,
	);
	assert.equal(loads.length, 1);
	clock.advance(5e6);
	assert.match(ask().message, /it is being loaded/);
	assert.equal(loads.length, 2);
});

test("what may not be loaded, and what is wrong with a request, is told as it is", () => {
	const { loads, ask } = setUp();
	assert.equal(ask("unknown"), ABSENT);
	const invalid = new SaccadeError("INVALID_ARGUMENT", "no version");
	assert.equal(ask("known", invalid), invalid);
	assert.equal(loads.length, 0);
});
