// Loads, ends and uses in any order, several loads at once: the budget holds at every instant, nobody who is used goes,
// and no load waits for ever.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isSaccadeError } from "../../errors/saccade-error.ts";
import { type MemoryShare, ModelMemory } from "./model-memory.ts";

const LIMIT = 100;
const MODELS = 8;

interface Loaded {
	readonly share: MemoryShare;
	lastUsedUs: number;
	isInUse: boolean;
}

type Step =
	| {
			readonly kind: "load";
			readonly model: number;
			readonly expected: number;
			readonly measured: number;
	  }
	| { readonly kind: "use" | "finish" | "unload"; readonly model: number };

const model = fc.nat({ max: MODELS - 1 });
const bytes = fc.integer({ min: 1, max: 60 });
const steps = fc.array(
	fc.oneof(
		fc.record({
			kind: fc.constant("load" as const),
			model,
			expected: bytes,
			measured: bytes,
		}),
		fc.record({
			kind: fc.constantFrom(
				"use" as const,
				"finish" as const,
				"unload" as const,
			),
			model,
		}),
	),
	{ minLength: 1, maxLength: 60 },
);

/** A world of models, with a pause wherever the real one has one. */
class World {
	readonly loaded = new Map<string, Loaded>();
	readonly evicted: string[] = [];
	readonly memory: ModelMemory;
	nowUs = 0;

	constructor() {
		this.memory = new ModelMemory({
			limitOf: () => LIMIT,
			idle: () => this.#idle(),
			evict: (name) => this.#evict(name),
		});
	}

	assertWithinBudget(): void {
		const used = this.memory.usedBytes("cpu");
		assert.ok(used <= LIMIT, `${used} of ${LIMIT} bytes`);
	}

	async load(name: string, expected: number, measured: number): Promise<void> {
		if (this.loaded.has(name)) return;
		const share = await this.memory.reserve(
			name,
			1,
			new Map([["cpu", expected]]),
		);
		this.assertWithinBudget();
		try {
			await Promise.resolve();
			await share.settle(new Map([["cpu", measured]]));
			this.assertWithinBudget();
		} catch (error) {
			share.release();
			throw error;
		}
		// Another load of the same model may have been quicker.
		if (this.loaded.has(name)) share.release();
		else
			this.loaded.set(name, {
				share,
				lastUsedUs: this.nowUs,
				isInUse: false,
			});
	}

	unload(name: string): void {
		this.loaded.get(name)?.share.release();
		this.loaded.delete(name);
	}

	#idle() {
		return [...this.loaded]
			.filter(([, { isInUse }]) => !isInUse)
			.map(([name, { lastUsedUs }]) => ({ model: name, lastUsedUs }));
	}

	async #evict(name: string): Promise<boolean> {
		assert.equal(this.loaded.get(name)?.isInUse, false, "it was chosen idle");
		// Its turn comes later: a request may come first.
		await Promise.resolve();
		const victim = this.loaded.get(name);
		if (victim === undefined || victim.isInUse) return false;
		this.unload(name);
		this.evicted.push(name);
		return true;
	}
}

test("the budget holds at every instant, and nobody who is used goes", async () => {
	let evictions = 0;
	let refusals = 0;
	await fc.assert(
		fc.asyncProperty(steps, async (given: readonly Step[]) => {
			const world = new World();
			const loads: Promise<void>[] = [];
			for (const step of given) {
				world.nowUs++;
				const name = `m${step.model}`;
				const loaded = world.loaded.get(name);
				switch (step.kind) {
					case "load":
						loads.push(
							world
								.load(name, step.expected, step.measured)
								.catch((error: unknown) => {
									assert.ok(isSaccadeError(error), String(error));
									assert.equal(error.code, "UNAVAILABLE");
									refusals++;
								}),
						);
						break;
					case "use":
						if (loaded !== undefined) {
							loaded.isInUse = true;
							loaded.lastUsedUs = world.nowUs;
						}
						break;
					case "finish":
						if (loaded !== undefined) loaded.isInUse = false;
						break;
					case "unload":
						world.unload(name);
						break;
				}
				world.assertWithinBudget();
				if (step.model % 2 === 0) await Promise.resolve();
			}
			await Promise.all(loads);
			world.assertWithinBudget();
			evictions += world.evicted.length;
			for (const name of [...world.loaded.keys()]) world.unload(name);
			assert.equal(world.memory.usedBytes("cpu"), 0, "all of it came back");
		}),
		{ numRuns: 300 },
	);
	assert.ok(evictions > 20 && refusals > 20, `${evictions}, ${refusals}`);
});
