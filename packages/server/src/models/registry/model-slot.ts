// What the registry keeps of one name.
import type { Clock } from "../../common/clock.ts";
import type { ModelVersion } from "../model-version.ts";
import type { CanaryRouter } from "../swap/canary.ts";
import { SequencePins } from "../swap/sequence-pins.ts";
import { OperationQueue } from "./operation-queue.ts";
import { VersionIndex } from "./version-index.ts";

export interface ModelSlot {
	/** Ready versions, ascending. */
	serving: readonly ModelVersion[];
	/** Versions that are loading, unloading, unloaded or failed. */
	readonly index: VersionIndex;
	readonly operations: OperationQueue;
	isLoading: boolean;
	/** Answers a share of the requests before it takes over. */
	canary: {
		readonly model: ModelVersion;
		readonly router: CanaryRouter;
	} | null;
	readonly pins: SequencePins;
}

export function createModelSlot(clock: Clock): ModelSlot {
	return {
		serving: [],
		index: new VersionIndex(),
		operations: new OperationQueue(),
		isLoading: false,
		canary: null,
		pins: new SequencePins(clock),
	};
}

/** Nobody uses it at this instant. */
export function isUnused({ serving, canary, pins }: ModelSlot): boolean {
	return (
		canary === null && !pins.hasLive && serving.every((model) => !model.isInUse)
	);
}
