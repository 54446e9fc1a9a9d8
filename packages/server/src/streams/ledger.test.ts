import assert from "node:assert/strict";
import { test } from "node:test";
import { OUTCOMES } from "@saccade/protocol";
import { Ledger } from "./ledger.ts";

test("what was received is what ended plus what is in flight", () => {
	const ledger = new Ledger();
	for (let i = 0; i < 10; i++) ledger.enter();
	ledger.settle("RESULT");
	ledger.settle("SHED");
	ledger.settle("SHED");
	const { received, inFlight, outcomes } = ledger.totals();
	assert.equal(received, 10);
	assert.equal(inFlight, 7);
	assert.deepEqual([outcomes.RESULT, outcomes.SHED], [1, 2]);
	assert.deepEqual(Object.keys(outcomes), [...OUTCOMES]);
});
