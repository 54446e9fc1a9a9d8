// Steps that a test can follow: they add to a list what ran.
import { defineStep, float32Of, port, tensorPort } from "../../../steps.ts";
import { sampleFrame } from "../../steps/samples.ts";

export const half = defineStep({
	name: "half",
	summary: "half of a reading, as a tensor",
	settings: {},
	inputs: () => ({ reading: port("reading") }),
	outputs: () => ({ value: tensorPort("FP32", [1]) }),
	create: ({ tensor }) => {
		const value = tensor("FP32", [1]);
		const values = float32Of(value);
		return {
			run: ({ reading }, outputs) => {
				values[0] = reading.value / 2;
				outputs.value = value;
			},
		};
	},
	sample: () => ({ reading: sampleFrame(null) }),
});
