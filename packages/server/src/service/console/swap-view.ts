// What became of models, as a console shows it: the newest loads and unloads of each.
import type { SwapEntry } from "@saccade/protocol/console";
import type { SwapRecord } from "../../models/swap/swap-history.ts";
import type { RepositoryService } from "../services.ts";

const PER_MODEL = 12;
const MOST = 300;

export function* swapEntries(
	repository: RepositoryService,
): Iterable<readonly [string, SwapEntry]> {
	const names = new Set(repository.index(false).map(({ name }) => name));
	let count = 0;
	for (const name of names)
		for (const record of recordsOf(repository, name)) {
			if (count++ >= MOST) return;
			yield [String(record.swap.id), entryOf(record)];
		}
}

function recordsOf(
	repository: RepositoryService,
	name: string,
): readonly SwapRecord[] {
	try {
		return repository.swaps(name).slice(0, PER_MODEL);
	} catch {
		// Nothing is known of a model that was never loaded.
		return [];
	}
}

function entryOf(record: SwapRecord): SwapEntry {
	const { swap, shadow, canary } = record;
	const { id, model, action, cause, by, from } = swap;
	return {
		...{ id, model, action, cause, by, from },
		beganAtMs: record.beganAtMs,
		phase: record.phase,
		outcome: outcomeOf(record),
		phases: record.phases,
		totalUs: record.totalUs,
		shadow:
			shadow === null
				? null
				: {
						sampleCount: shadow.sampleCount,
						isWithin: shadow.outputs.every(({ isWithin }) => isWithin),
						oldRunMs: shadow.oldRunMs,
						newRunMs: shadow.newRunMs,
					},
		canary:
			canary === null
				? null
				: {
						weight: canary.weight,
						oldP95Ms: canary.old.p95Ms,
						newP95Ms: canary.new.p95Ms,
						newErrorCount: canary.new.errorCount,
						newRequestCount: canary.new.requestCount,
					},
	};
}

function outcomeOf({ outcome }: SwapRecord): SwapEntry["outcome"] {
	if (outcome === null) return null;
	const { kind } = outcome;
	return {
		kind,
		to: kind === "switched" || kind === "failed" ? outcome.to : [],
		switchUs: kind === "switched" ? outcome.switchUs : null,
		failure: kind === "failed" ? outcome.failure : null,
	};
}
