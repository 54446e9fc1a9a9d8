// What a fake model is: a small JSON file in place of a network.
import { DTYPE_BYTES, isDType } from "@saccade/protocol";
import { z } from "zod";
import {
	createLatencyCurve,
	type LatencyCurve,
} from "../../devices/latency-curve.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";

export interface FakeModel {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	/** Output i from input i: the same bytes, or every FP32 doubled. */
	readonly compute: "identity" | "double";
	/** Null: a run takes no time. */
	readonly curve: LatencyCurve | null;
	/** Rows from which a run fails; Infinity: never. */
	readonly failsFromRows: number;
}

const tensor = z.strictObject({
	name: z.string().min(1),
	dtype: z.string().refine(isDType, "no data type of the protocol"),
	shape: z.array(z.int().min(-1)),
});
const schema = z.strictObject({
	inputs: z.array(tensor).min(1),
	outputs: z.array(tensor).min(1),
	compute: z.enum(["identity", "double"]).default("identity"),
	curveMs: z.record(z.string(), z.number().positive()).optional(),
	failsFromRows: z.int().positive().optional(),
});

/** Throws LOAD_FAILED naming what is wrong. */
export function parseFakeModel(text: string): FakeModel {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch (error) {
		throw new SaccadeError("LOAD_FAILED", "a fake model is a JSON file", {
			cause: error,
		});
	}
	const parsed = schema.safeParse(json);
	if (!parsed.success)
		throw new SaccadeError(
			"LOAD_FAILED",
			`the fake model is wrong: ${parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}`,
		);
	const { inputs, outputs, compute, curveMs, failsFromRows } = parsed.data;
	const matches =
		inputs.length === outputs.length &&
		inputs.every(({ dtype }, index) => outputs[index]?.dtype === dtype);
	const isNumeric = inputs.every(({ dtype }) =>
		compute === "double" ? dtype === "FP32" : DTYPE_BYTES[dtype as "FP32"] > 0,
	);
	if (!matches || !isNumeric)
		throw new SaccadeError(
			"LOAD_FAILED",
			"a fake model has one output for each input, of the same type: FP32 to double, any but BYTES to pass on",
		);
	return {
		inputs: inputs as TensorSpec[],
		outputs: outputs as TensorSpec[],
		compute,
		curve: curveMs === undefined ? null : createLatencyCurve(curveMs),
		failsFromRows: failsFromRows ?? Number.POSITIVE_INFINITY,
	};
}
