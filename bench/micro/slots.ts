// Taking a place for a body and giving it back.
import { SlotPool } from "../../packages/server/src/tensor/slot-pool.ts";
import { type AnyCase, defineCase } from "./case.ts";

/** Where the tensor's bytes begin in a ModelInfer message of the model `mlp`. */
const RAW_OFFSET = 60;

function leaseCase(
	name: string,
	byteLength: number,
	budget: "gather/split" | null,
): AnyCase {
	return defineCase({
		name,
		budget,
		setup: () => new SlotPool(),
		run: (pool) => {
			const placement = pool.place(byteLength, RAW_OFFSET);
			placement?.lease.release();
		},
	});
}

export const slotCases: readonly AnyCase[] = [
	leaseCase("slots/lease/300B", 300, "gather/split"),
	leaseCase("slots/lease/110KB", 110_700, null),
	leaseCase("slots/lease/602KB", 602_200, null),
];
