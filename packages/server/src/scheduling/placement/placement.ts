// Which device takes the next batch, where a model runs on several.
import type { SchedulerView } from "../policy.ts";
import type { Entry } from "../scheduler.ts";

export type Place =
	| { readonly kind: "device"; readonly device: number }
	/** No idle device is worth using before then. */
	| { readonly kind: "wait"; readonly untilUs: number };

export interface Placement<E extends Entry> {
	/** Where the next batch goes. Something waits and a lane is idle. */
	choose(view: SchedulerView<E>): Place;
	/** Whether the entry would be late on `device`, and another device can still answer it in time. */
	isForAnother(entry: E, device: number, view: SchedulerView<E>): boolean;
	/** µs that a batch which starts on `device` now will probably take; 0 when unknown. */
	runUs(device: number, rows: number): number;
}
