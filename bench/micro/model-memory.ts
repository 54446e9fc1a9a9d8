// What the budget of memory costs. A request in service pays nothing for it: when a model was used last is kept with or
// without one. Paid is by loads, and by requests for models that are not there.
import { systemClock } from "../../packages/server/src/common/clock.ts";
import { SaccadeError } from "../../packages/server/src/errors/saccade-error.ts";
import { ModelDemand } from "../../packages/server/src/models/budget/model-demand.ts";
import {
	type IdleModel,
	type MemoryShare,
	ModelMemory,
} from "../../packages/server/src/models/budget/model-memory.ts";
import { type AnyCase, defineCase } from "./case.ts";

const MODELS = 100;
const BYTES = new Map([["cpu", 1]]);

interface Budget {
	/** Takes the memory of a model that is used last from then on. */
	load(): Promise<string>;
	unload(model: string): void;
}

/** @param room for so many models beside those that are loaded */
async function fullBudget(room: number): Promise<Budget> {
	const shares = new Map<string, MemoryShare>();
	const idle = new Map<string, IdleModel>();
	let loadCount = 0;
	const unload = (model: string) => {
		shares.get(model)?.release();
		shares.delete(model);
		idle.delete(model);
	};
	const memory = new ModelMemory({
		limitOf: () => MODELS + room,
		idle: () => [...idle.values()],
		evict: async (model) => {
			unload(model);
			return true;
		},
	});
	const load = async () => {
		const model = `m${loadCount++ % (2 * MODELS)}`;
		const share = await memory.reserve(model, 1, BYTES);
		await share.settle(BYTES);
		shares.set(model, share);
		idle.set(model, { model, lastUsedUs: loadCount });
		return model;
	};
	while (loadCount < MODELS) await load();
	return { load, unload };
}

const loadWithRoom = defineCase<Budget>({
	name: `model-memory/load/${MODELS}-models`,
	budget: null,
	setup: () => fullBudget(1),
	run: async ({ load, unload }) => unload(await load()),
});

const loadInPlaceOf = defineCase<Budget>({
	name: `model-memory/evict/${MODELS}-models`,
	budget: null,
	setup: () => fullBudget(0),
	run: ({ load }) => load(),
});

const askedWhileLoading = defineCase({
	name: "model-memory/asked-while-loading",
	budget: null,
	setup: () => ({
		demand: new ModelDemand({
			absent: (name) => name,
			load: () => new Promise(() => {}),
			clock: systemClock,
		}),
		absent: new SaccadeError("NOT_FOUND", "it does not serve"),
	}),
	run: ({ demand, absent }) => demand.refusal("m", absent),
});

export const modelMemoryCases: readonly AnyCase[] = [
	loadWithRoom,
	loadInPlaceOf,
	askedWhileLoading,
];
