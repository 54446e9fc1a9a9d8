import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseSaccadeSettings } from "../../repository/saccade-settings.ts";
import type {
	CanaryReport,
	OutputDifference,
	ShadowReport,
} from "../swap-events.ts";
import {
	advance,
	type SwapPlan,
	type SwapSignal,
	type SwapState,
} from "./swap-state.ts";

function planOf(
	settings: Readonly<Record<string, string>> = {},
	known: Partial<SwapPlan> = {},
): SwapPlan {
	const named = Object.entries(settings).map(
		([key, value]) => [`saccade.${key}`, value] as const,
	);
	return {
		settings: parseSaccadeSettings(new Map(named)).swap,
		isHandover: true,
		sampleCount: 0,
		...known,
	};
}

/** Each state's kind, and the phase of a failure, through all signals. */
function way(...signals: readonly SwapSignal[]): string[] {
	let state: SwapState = { kind: "waiting" };
	return signals.map((signal) => {
		state = advance(state, signal);
		if (state.kind !== "ended") return state.kind;
		return state.failure === null
			? "switched"
			: `failed: ${state.failure.phase}`;
	});
}

function failureOf(state: SwapState): string {
	assert.equal(state.kind, "ended");
	assert.ok(state.kind === "ended" && state.failure !== null);
	assert.notEqual(state.failure.advice, "", "it says what to do");
	return state.failure.text;
}

const TURN: SwapSignal = { kind: "turn" };
const SWITCHED: SwapSignal = { kind: "switched" };
const ALIKE: SwapSignal = { kind: "probed", oldUs: 4000, newUs: 4100 };

function loaded(plan: SwapPlan): SwapSignal {
	return { kind: "loaded", plan };
}

function differences(
	...changes: readonly Partial<OutputDifference>[]
): ShadowReport {
	return {
		sampleCount: 8,
		oldRunMs: 1,
		newRunMs: 1,
		outputs: changes.map((change, index) => ({
			output: `out${index}`,
			maxDifference: 0,
			meanDifference: 0,
			notFiniteCount: 0,
			agreement: null,
			tolerance: null,
			isWithin: true,
			...change,
		})),
	};
}

function canaryOf(errorCount: number): CanaryReport {
	const side = { requestCount: 1000, errorCount: 0, p50Ms: 1, p95Ms: 2 };
	return {
		weight: 0.1,
		durationMs: 61_000,
		old: side,
		new: { ...side, errorCount },
	};
}

describe("a swap", () => {
	test("of a model that is new has nothing to compare", () => {
		const plan = planOf({}, { isHandover: false });
		assert.deepEqual(way(TURN, loaded(plan), SWITCHED), [
			"loading",
			"switching",
			"switched",
		]);
	});

	test("of one in service is tried, and compared where that is asked for", () => {
		assert.deepEqual(way(TURN, loaded(planOf()), ALIKE, SWITCHED), [
			"loading",
			"probing",
			"switching",
			"switched",
		]);
		const all = planOf({ "canary.weight": "0.1" }, { sampleCount: 8 });
		assert.deepEqual(
			way(
				TURN,
				loaded(all),
				ALIKE,
				{ kind: "compared", report: differences({}) },
				{ kind: "judged", report: canaryOf(0) },
				SWITCHED,
			),
			["loading", "probing", "shadowing", "canary", "switching", "switched"],
		);
		const untried = planOf({ "swap.max_slowdown": "0" });
		assert.deepEqual(way(TURN, loaded(untried)), ["loading", "switching"]);
	});

	test("ends where a step fails, and says what to do", () => {
		for (const phase of ["waiting", "loading", "warming", "switching"] as const)
			failureOf(
				advance(
					{ kind: "loading" },
					{ kind: "failed", phase, code: "LOAD_FAILED", text: "no" },
				),
			);
		const shadowed = planOf({}, { sampleCount: 8 });
		const canary = planOf({ "canary.weight": "0.1" });
		assert.deepEqual(
			way(TURN, loaded(shadowed), ALIKE, {
				kind: "compared",
				report: differences({ isWithin: false }),
			}).at(-1),
			"failed: shadowing",
		);
		assert.deepEqual(
			way(TURN, loaded(canary), ALIKE, {
				kind: "judged",
				report: canaryOf(50),
			}).at(-1),
			"failed: canary",
		);
	});

	test("gives way to a newer operation while it only compares", () => {
		const both = planOf({ "canary.weight": "0.1" }, { sampleCount: 8 });
		const newer: SwapSignal = { kind: "superseded" };
		assert.deepEqual(
			way(TURN, loaded(both), ALIKE, newer).at(-1),
			"failed: shadowing",
		);
		const canary = planOf({ "canary.weight": "0.1" });
		assert.deepEqual(
			way(TURN, loaded(canary), ALIKE, newer).at(-1),
			"failed: canary",
		);
	});

	test("refuses a signal that it does not wait for", () => {
		assert.throws(() => advance({ kind: "waiting" }, SWITCHED), /waiting/);
		assert.throws(
			() => advance({ kind: "ended", failure: null }, TURN),
			/does not wait for 'turn'/,
		);
	});
});

describe("a run that takes longer", () => {
	const probed = (oldUs: number | null, newUs: number | null, limit = "5") =>
		advance(
			{ kind: "probing", plan: planOf({ "swap.max_slowdown": limit }) },
			{ kind: "probed", oldUs, newUs },
		);

	test("than the limit keeps the version out, with the numbers", () => {
		assert.match(
			failureOf(probed(2000, 21_000)),
			/takes 21 ms, 10\.5 times the 2\.00 ms of the version in service; saccade\.swap\.max_slowdown is 5/,
		);
	});

	test("does not where it is within it, too short to matter, or not known", () => {
		assert.equal(probed(2000, 9_900).kind, "switching");
		assert.equal(probed(20, 900).kind, "switching");
		assert.equal(probed(null, 9_900).kind, "switching");
		assert.equal(probed(2000, 21_000, "11").kind, "switching");
	});
});

test("a comparison names each output that is too far apart, or not finite", () => {
	const plan = planOf({}, { sampleCount: 8 });
	const text = failureOf(
		advance(
			{ kind: "shadowing", plan },
			{
				kind: "compared",
				report: differences(
					{},
					{ maxDifference: 0.25, tolerance: 0.1, isWithin: false },
					{ notFiniteCount: 3, isWithin: false },
				),
			},
		),
	);
	assert.equal(
		text,
		"compared with the version in service on 8 recent requests: output 'out1' differs by up to 0.250, beyond 0.1; output 'out2' has 3 elements that are not finite where the old one's are",
	);
});
