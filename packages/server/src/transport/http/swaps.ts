// /saccade/v1/models/{m}/swaps: what became of the loads, swaps and unloads of a model, the newest first.
import type { SwapRecord } from "../../endpoint/endpoints.ts";

export function swapsJson(model: string, swaps: readonly SwapRecord[]): object {
	return { model, swaps: swaps.map(swapJson) };
}

function swapJson(record: SwapRecord): object {
	const { swap, outcome, shadow, canary } = record;
	return {
		id: swap.id,
		action: swap.action,
		cause: swap.cause,
		by: swap.by,
		began_at: new Date(record.beganAtMs).toISOString(),
		state: outcome?.kind ?? "running",
		phase: record.phase,
		from: swap.from,
		to: outcome !== null && "to" in outcome ? outcome.to : [],
		total_ms: record.totalUs === null ? null : ms(record.totalUs),
		phases: record.phases.map(({ phase, durationUs }) => ({
			phase,
			ms: ms(durationUs),
		})),
		switch_us: outcome?.kind === "switched" ? outcome.switchUs : null,
		failure:
			outcome?.kind === "failed"
				? {
						phase: outcome.failure.phase,
						code: outcome.failure.code,
						error: outcome.failure.text,
						advice: outcome.failure.advice,
					}
				: null,
		shadow: shadow === null ? null : shadowJson(shadow),
		canary: canary === null ? null : canaryJson(canary),
		released: record.released.map(({ version, digest, drainUs }) => ({
			version,
			digest,
			drain_ms: ms(drainUs),
		})),
	};
}

function shadowJson(report: NonNullable<SwapRecord["shadow"]>): object {
	return {
		samples: report.sampleCount,
		old_run_ms: report.oldRunMs,
		new_run_ms: report.newRunMs,
		outputs: report.outputs.map((output) => ({
			name: output.output,
			// JSON has no infinity.
			max_difference: finite(output.maxDifference),
			mean_difference: finite(output.meanDifference),
			not_finite: output.notFiniteCount,
			agreement: output.agreement,
			tolerance: output.tolerance,
			within: output.isWithin,
		})),
	};
}

function canaryJson(report: NonNullable<SwapRecord["canary"]>): object {
	const side = (one: typeof report.old) => ({
		requests: one.requestCount,
		errors: one.errorCount,
		p50_ms: one.p50Ms,
		p95_ms: one.p95Ms,
	});
	return {
		weight: report.weight,
		seconds: report.durationMs / 1000,
		old: side(report.old),
		new: side(report.new),
	};
}

function finite(value: number): number | null {
	return Number.isFinite(value) ? value : null;
}

function ms(us: number): number {
	return Math.round(us) / 1000;
}
