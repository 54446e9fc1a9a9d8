// An entry with a name, for tests of what waits and of who decides.
import type { Entry, EntryState } from "../scheduler.ts";

type Given = Partial<
	Pick<Entry, "rows" | "deadlineUs" | "priority" | "timeoutUs" | "shapeKey">
>;

export class TestEntry implements Entry {
	readonly name: string;
	readonly rows: number;
	readonly deadlineUs: number;
	readonly priority: number;
	readonly timeoutUs: number;
	readonly shapeKey: string;
	enqueuedUs = 0;
	state: EntryState = "new";
	level = 1;
	orderUs = 0;
	sequence = 0;
	expiresUs = Number.POSITIVE_INFINITY;
	heapIndex = -1;

	constructor(name: string, given: Given = {}) {
		this.name = name;
		this.rows = given.rows ?? 1;
		this.deadlineUs = given.deadlineUs ?? Number.POSITIVE_INFINITY;
		this.priority = given.priority ?? 0;
		this.timeoutUs = given.timeoutUs ?? 0;
		this.shapeKey = given.shapeKey ?? "";
	}
}
