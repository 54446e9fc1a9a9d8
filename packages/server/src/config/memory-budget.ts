// How much memory models may take: of every device, or of one by its name.
import { isMapping } from "../common/mapping.ts";
import { type Reader, wholeNumber } from "../common/readers.ts";

export interface DeviceBudget {
	/** Null: every device that is not named. */
	readonly device: string | null;
	/** 0: unlimited. */
	readonly bytes: number;
}

const count = wholeNumber();

/** `BYTES` and `DEVICE=BYTES`, with commas between or one by one; in YAML also a mapping of devices. */
export const memoryBudget: Reader<readonly DeviceBudget[]> = (value) => {
	const budgets: DeviceBudget[] = [];
	for (const [device, bytes] of entriesOf(value)) {
		const read = count(bytes);
		if (!read.ok) return read;
		if (device === "") return problem("a device has a name");
		if (budgets.some((budget) => budget.device === device))
			return problem(`${device ?? "the budget of all devices"} is given twice`);
		budgets.push({ device, bytes: read.value });
	}
	return { ok: true, value: budgets };
};

function entriesOf(value: unknown): [device: string | null, bytes: unknown][] {
	if (Array.isArray(value)) return value.flatMap(entriesOf);
	if (isMapping(value)) return Object.entries(value);
	if (typeof value !== "string") return [[null, value]];
	return value.split(",").map((item) => {
		const at = item.lastIndexOf("=");
		const bytes = item.slice(at + 1).trim();
		return [at < 0 ? null : item.slice(0, at).trim(), bytes];
	});
}

function problem(text: string): { ok: false; problem: string } {
	return { ok: false, problem: text };
}
