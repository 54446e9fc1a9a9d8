// Every claim that is measured, in the order of the tables. A module joins by a line here.
import { batching } from "./batching.ts";
import type { ClaimModule } from "./claim.ts";
import { clouds } from "./clouds.ts";
import { fcBatching } from "./fc-batching.ts";
import { cnnPipeline, pipeline } from "./pipeline.ts";
import { deviceLost, placement } from "./placement.ts";
import { polling } from "./polling.ts";
import { prepared, preparedCycles, preparedLoads } from "./prepared.ts";
import { sharedCores } from "./shared-cores.ts";
import { swap } from "./swap.ts";
import { telemetry } from "./telemetry.ts";

export const CLAIMS: readonly ClaimModule[] = [
	pipeline,
	cnnPipeline,
	batching,
	fcBatching,
	placement,
	deviceLost,
	sharedCores,
	telemetry,
	clouds,
	polling,
	swap,
	prepared,
	preparedLoads,
	preparedCycles,
];
