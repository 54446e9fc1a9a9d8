// Where the outputs of a batch lie, and which shape an answer has.
import { DTYPE_BYTES } from "@saccade/protocol";
import type { ModelConfig } from "../../repository/model-config.ts";
import type { Session } from "../../runtime/runtime.ts";

/** How the outputs of a batch are laid out. */
export interface OutputLayout {
	/** Model's shape with −1 for what only the run can tell; the batch dimension first where batched. */
	readonly shape: readonly number[];
	/** Shape of an answer without the batch dimension; null: as the run gives it. */
	readonly answerDims: readonly number[] | null;
	readonly dtypeBytes: number;
}

/** Shapes as answered follow the configuration's dims where they are fixed; else each run tells. */
export function outputLayouts(
	config: ModelConfig,
	session: Session,
): OutputLayout[] {
	const batched = config.maxBatchSize > 0;
	return session.outputs.map((spec) => {
		const output = config.outputs.find(({ name }) => name === spec.name);
		const dims = output?.dims ?? (batched ? spec.shape.slice(1) : spec.shape);
		const fixed = !dims.includes(-1);
		const modelDims = output?.reshape ?? dims;
		return {
			shape: fixed ? (batched ? [-1, ...modelDims] : modelDims) : spec.shape,
			answerDims: fixed ? dims : null,
			dtypeBytes: DTYPE_BYTES[spec.dtype],
		};
	});
}
