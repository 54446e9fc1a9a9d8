// Models of the deterministic backend, whose runs take exactly as long as a test says.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface FakeModelFiles {
	/** Added to the generated configuration. @default nothing */
	readonly config?: string;
	/** Run time by rows, in ms. @default a run takes no time */
	readonly curveMs?: Readonly<Record<string, number>>;
	/** Rows from which a run fails. */
	readonly failsFromRows?: number;
	/** @default [1] */
	readonly versions?: readonly number[];
	/** A second input and output that requests may leave out. */
	readonly hasOptionalInput?: boolean;
}

/** Adds a model that answers INPUT0 (FP32, any length, batches up to 8) as OUTPUT0, with one lane. */
export function addFakeModel(
	repository: string,
	name: string,
	{
		config = "",
		curveMs,
		failsFromRows,
		versions = [1],
		hasOptionalInput = false,
	}: FakeModelFiles = {},
): void {
	const directory = join(repository, name);
	const tensors = (prefix: string) =>
		(hasOptionalInput ? [0, 1] : [0]).map((index) => ({
			name: `${prefix}${index}`,
			dtype: "FP32",
			shape: [-1, -1],
		}));
	const model = JSON.stringify({
		inputs: tensors("INPUT"),
		outputs: tensors("OUTPUT"),
		...(curveMs !== undefined && { curveMs }),
		...(failsFromRows !== undefined && { failsFromRows }),
	});
	for (const version of versions) {
		mkdirSync(join(directory, String(version)), { recursive: true });
		writeFileSync(join(directory, String(version), "model.json"), model);
	}
	const optional = hasOptionalInput
		? `input [ { name: "INPUT1" data_type: TYPE_FP32 dims: [ -1 ] optional: true } ]
output [ { name: "OUTPUT1" data_type: TYPE_FP32 dims: [ -1 ] } ]`
		: "";
	writeFileSync(
		join(directory, "config.pbtxt"),
		`name: ${JSON.stringify(name)}
backend: "fake"
max_batch_size: 8
input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1 ] } ]
${optional}
instance_group [ { count: 1 kind: KIND_CPU } ]
${config}
`,
	);
}
