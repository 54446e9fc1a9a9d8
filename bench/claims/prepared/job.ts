// What a measuring process is asked, and what it answers: plain data, as JSON.

/**
 * `plain`: the server's own load with the cache off. `prepared`: from the cache. `packed`: from the cache, weights in
 * memory of the process. `binding`: onnxruntime-node's own session.
 */
export type Form = "plain" | "prepared" | "packed" | "binding";

export type Job = { readonly cache: string } & (
	| {
			/** Loads of one model, one after the other. */
			readonly kind: "loads";
			readonly form: Form;
			readonly path: string;
			readonly count: number;
	  }
	| {
			/** A second version is loaded and runs beside the first. */
			readonly kind: "swap";
			readonly form: Form;
			readonly first: string;
			readonly second: string;
	  }
	| {
			/** Loads, runs, says so, and stays until its input ends. */
			readonly kind: "hold";
			readonly form: Form;
			readonly path: string;
	  }
	| {
			readonly kind: "cycles";
			readonly form: Form;
			readonly path: string;
			/** Before the first look. */
			readonly warmUpCount: number;
			readonly count: number;
	  }
);

export interface LoadsAnswer {
	readonly medianMs: number;
}

export interface SwapAnswer {
	/** Anonymous memory beyond that of the process that serves the first version, in bytes. */
	readonly peakBytes: number;
	readonly afterBytes: number;
}

export interface CyclesAnswer {
	readonly residentBefore: number;
	readonly residentAfter: number;
}
