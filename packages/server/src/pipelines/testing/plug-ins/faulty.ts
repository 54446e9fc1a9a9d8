// Steps that go wrong in every way that a thread can bear, when the reading says so.
import { badInput, defineStep, port } from "../../../steps.ts";
import { sampleFrame } from "../../steps/samples.ts";

const held: Uint8Array[] = [];

/** By the value of the reading. */
export const FAULTS = {
	throw: 1,
	reject: 2,
	hang: 3,
	never: 4,
	exit: 5,
	leak: 6,
	badInput: 7,
	heap: 9,
} as const;

export const faulty = defineStep({
	name: "faulty",
	summary: "goes wrong as the reading says",
	settings: {},
	inputs: () => ({ reading: port("reading") }),
	outputs: () => ({ answer: port("answer") }),
	create: () => {
		let count = 0;
		return {
			run: ({ reading }, outputs) => {
				count++;
				outputs.answer = { count, value: reading.value };
				return misbehave(reading.value);
			},
		};
	},
	sample: () => ({ reading: sampleFrame(null) }),
});

function misbehave(fault: number): undefined | Promise<void> {
	switch (fault) {
		case FAULTS.throw:
			throw new Error("the lens is dirty");
		case FAULTS.reject:
			return Promise.reject(new Error("nobody answered"));
		case FAULTS.hang:
			for (;;);
		case FAULTS.never:
			return new Promise(() => {});
		case FAULTS.exit:
			process.exit(3);
			break;
		case FAULTS.leak:
			held.push(new Uint8Array(8 * 1024 * 1024).fill(1));
			break;
		case FAULTS.badInput:
			throw badInput("a reading of 7");
		case FAULTS.heap: {
			const rows: number[][] = [];
			for (;;) rows.push(new Array(100_000).fill(rows.length));
		}
	}
}
