// A batch on a lane whose runs take no time: gathering rows, splitting answers.
import { systemClock } from "../../packages/server/src/common/clock.ts";
import { LoadWindow } from "../../packages/server/src/devices/load-window.ts";
import { BatchExecutor } from "../../packages/server/src/models/execution/batch-executor.ts";
import { RunModeChooser } from "../../packages/server/src/models/execution/run-mode.ts";
import { type AnyCase, defineCase } from "./case.ts";
import {
	idleEntry,
	instantSession,
	OUTPUT_FLOATS,
} from "./support/mlp-parts.ts";

const MAX_ROWS = 64;

function laneCase(rows: number, budget: "gather/split" | null): AnyCase {
	return defineCase({
		name: `lane/gather-split/batch-${rows}`,
		budget,
		requestCount: rows,
		setup: () => ({
			executor: new BatchExecutor([
				{
					context: {
						session: instantSession,
						device: "cpu",
						clock: systemClock,
						batched: true,
						outputs: [
							{
								shape: [-1, OUTPUT_FLOATS],
								answerDims: [OUTPUT_FLOATS],
								dtypeBytes: 4,
							},
						],
						runMode: new RunModeChooser("inline", MAX_ROWS),
						load: new LoadWindow(),
						watch: null,
						fit: null,
						padded: () => {},
						deadlinePassed: () => {},
						batchFinished: () => {},
					},
					laneCount: 1,
				},
			]),
			batch: Array.from({ length: rows }, () =>
				idleEntry(Number.POSITIVE_INFINITY),
			),
		}),
		run: ({ executor, batch }) => executor.run(batch, "full", 0, released),
		close: ({ executor }) => executor.close(),
	});
}

function released(): void {}

export const laneCases: readonly AnyCase[] = [
	laneCase(1, null),
	laneCase(32, "gather/split"),
];
