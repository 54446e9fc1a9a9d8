import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ModelStatisticsResponseSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import type { ModelStatistics } from "../../endpoint/endpoints.ts";

interface Stat {
	readonly count: number;
	readonly ns: number;
}

const ZERO: Stat = { count: 0, ns: 0 };

function toMessage({ count, ns }: Stat) {
	return { count: BigInt(count), ns: BigInt(ns) };
}

/** Cache counts are present and zero: clients read them without looking whether they are there. */
export function statisticsResponse(
	models: readonly ModelStatistics[],
): MessageInitShape<typeof ModelStatisticsResponseSchema> {
	return {
		modelStats: models.map((model) => ({
			name: model.name,
			version: model.version,
			lastInference: BigInt(model.lastInferenceMs),
			inferenceCount: BigInt(model.inferenceCount),
			executionCount: BigInt(model.executionCount),
			inferenceStats: {
				success: toMessage(model.success),
				fail: toMessage(model.fail),
				queue: toMessage(model.queue),
				computeInput: toMessage(model.computeInput),
				computeInfer: toMessage(model.computeInfer),
				computeOutput: toMessage(model.computeOutput),
				cacheHit: toMessage(ZERO),
				cacheMiss: toMessage(ZERO),
			},
			batchStats: model.batchStats.map((batch) => ({
				batchSize: BigInt(batch.batchSize),
				computeInput: toMessage(batch.computeInput),
				computeInfer: toMessage(batch.computeInfer),
				computeOutput: toMessage(batch.computeOutput),
			})),
		})),
	};
}
