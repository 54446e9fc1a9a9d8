import assert from "node:assert/strict";
import { test } from "node:test";
import type { Swap, SwapEvent, SwapOutcome } from "../../models/swap-events.ts";
import { auditEventOf } from "./audit-events.ts";

const SWAP: Swap = {
	id: 1,
	model: "detector",
	action: "load",
	cause: "api",
	by: "grpc 10.0.0.7:5151, with the admin token",
	from: [{ version: 1, digest: "sha256:old" }],
};
const TO = [{ version: 2, digest: "sha256:new" }];

const ended = (outcome: SwapOutcome, swap: Partial<Swap> = {}) =>
	auditEventOf({
		kind: "ended",
		swap: { ...SWAP, ...swap },
		atUs: 0,
		outcome,
		phases: [{ phase: "loading", durationUs: 1500 }],
		totalUs: 2000.4,
	});

const failed = (phase: "loading" | "canary"): SwapOutcome => ({
	kind: "failed",
	to: TO,
	failure: {
		phase,
		code: "LOAD_FAILED",
		text: "too slow",
		advice: "look at it",
	},
});

test("a swap is kept with who asked, from what to what, and how long each phase took", () => {
	assert.deepEqual(ended({ kind: "switched", to: TO, switchUs: 40 }), {
		what: "swap",
		who: { by: "api", caller: "grpc 10.0.0.7:5151, with the admin token" },
		model: "detector",
		from: SWAP.from,
		to: TO,
		result: "ok",
		detail: "",
		durationsMs: { loading: 1.5, switch: 0.04, total: 2 },
	});
});

test("what happened is named by what was in service before and what is after", () => {
	const nameOf = (outcome: SwapOutcome, swap: Partial<Swap> = {}) => {
		const event = ended(outcome, swap);
		return `${event?.what} ${event?.result} ${event?.to.map(({ version }) => version)}`;
	};
	const switched: SwapOutcome = { kind: "switched", to: TO, switchUs: 1 };
	assert.equal(nameOf(switched, { from: [] }), "load ok 2");
	assert.equal(
		nameOf({ kind: "unloaded" }, { action: "unload" }),
		"unload ok ",
	);
	assert.equal(nameOf({ kind: "unchanged" }), "swap ok 1");
	assert.equal(nameOf(failed("loading"), { from: [] }), "load failed 2");
	assert.equal(nameOf(failed("canary")), "rollback failed 2");
	assert.equal(
		ended(failed("loading"))?.detail,
		"loading: LOAD_FAILED: too slow",
	);
});

test("only clients have a name of their own", () => {
	const event = ended({ kind: "unchanged" }, { cause: "watch", by: "" });
	assert.deepEqual(event?.who, { by: "watch" });
});

test("a version that left is told when its memory is given back, and steps on the way are not", () => {
	const happened = { swap: SWAP, atUs: 0 };
	const released = auditEventOf({
		...happened,
		kind: "released",
		version: { version: 1, digest: null },
		drainUs: 250,
	});
	assert.equal(released?.what, "release");
	assert.deepEqual(released?.durationsMs, { drain: 0.25 });
	const steps: SwapEvent[] = [
		{ ...happened, kind: "begun" },
		{ ...happened, kind: "phase", phase: "warming", version: 2 },
	];
	assert.deepEqual(steps.map(auditEventOf), [null, null]);
});
