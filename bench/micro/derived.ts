// Numbers that no single case shows.
import { readFileSync } from "node:fs";
import { type Interval, interval } from "../lib/stats.ts";
import type { MeasuredCase } from "./measure.ts";
import { WHOLE_REQUEST } from "./whole.ts";

export interface Derived {
	/** What going to another thread and back adds to a run of batch 1, in µs. */
	readonly offloadHopUs: Interval | null;
	/** A whole request without the kernel, in µs of wall time: beside it the sum of the rows is judged. */
	readonly wholeRequestUs: Interval | null;
	/** CPU of a small request on the wire, kernel and all, by the last `bench wire`, in µs. */
	readonly wireWithKernelUs: Interval | null;
}

export function derive(measured: readonly MeasuredCase[]): Derived {
	const meansOf = (name: string) =>
		measured
			.find((candidate) => candidate.case.name === name)
			?.rounds.map(({ meanUs }) => meanUs) ?? [];
	const inline = meansOf("runtime/mlp/batch-1/inline");
	const offload = meansOf("runtime/mlp/batch-1/offload");
	return {
		offloadHopUs: intervalOrNull(
			inline.length === 0
				? []
				: offload.map((us, round) => us - (inline[round] ?? Number.NaN)),
		),
		wholeRequestUs: intervalOrNull(meansOf(WHOLE_REQUEST)),
		wireWithKernelUs: wireWithKernel(),
	};
}

function intervalOrNull(values: readonly number[]): Interval | null {
	return values.length === 0 ? null : interval(values);
}

interface WireResults {
	readonly workloads?: readonly {
		readonly id: string;
		readonly variant: string;
		readonly serverCpuUs: Interval;
	}[];
}

function wireWithKernel(): Interval | null {
	try {
		const file = new URL("../results/wire.json", import.meta.url);
		const results = JSON.parse(readFileSync(file, "utf8")) as WireResults;
		const small = results.workloads?.find(
			({ id, variant }) => id === "300B" && variant === "reused-buffer",
		);
		return small?.serverCpuUs ?? null;
	} catch {
		// `bench wire` has not run here.
		return null;
	}
}
