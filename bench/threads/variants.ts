export interface Variant {
	readonly name: string;
	readonly kind: "pool" | "workers" | "run-async";
	/** libuv's pool. */
	readonly poolThreads: number;
	/** What the gate takes the pool for; two more than the pool: no gate. */
	readonly gateThreads: number;
}

export const VARIANTS: readonly Variant[] = [
	{ name: "pool of 4, no gate", kind: "pool", poolThreads: 4, gateThreads: 6 },
	{ name: "pool of 16, gate", kind: "pool", poolThreads: 16, gateThreads: 16 },
	{ name: "worker threads", kind: "workers", poolThreads: 4, gateThreads: 4 },
	{ name: "RunAsync", kind: "run-async", poolThreads: 4, gateThreads: 4 },
];

export interface ThreadsReport {
	/** To make the lanes. */
	readonly setUpMs: number;
	/** One small run and back, nothing else under way. */
	readonly hopUs: number;
	/** Resident memory that a lane adds. */
	readonly laneMiB: number;
	/** While the probes ran. */
	readonly slowRuns: number;
	/** Ascending; while every lane runs. */
	readonly fileMs: readonly number[];
	readonly gzipMs: readonly number[];
	/** One turn of the event loop. */
	readonly turnMs: readonly number[];
}
