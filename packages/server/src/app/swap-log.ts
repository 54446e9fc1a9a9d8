// What an operator reads of swaps: that a version took over, what the comparisons showed, and what to do about one that
// was kept out.
import type {
	CanaryReport,
	ShadowReport,
	SwapEvent,
	VersionIdentity,
} from "../models/swap-events.ts";
import type { Logger } from "../telemetry/logger.ts";

type Fields = Parameters<Logger["info"]>[0];

function shadowFields(report: ShadowReport): Fields {
	const differences = report.outputs.map(
		({ output, maxDifference }) => `${output} ${maxDifference.toPrecision(3)}`,
	);
	return {
		samples: report.sampleCount,
		maxDifferences: differences.join(", "),
		oldRunMs: report.oldRunMs,
		newRunMs: report.newRunMs,
	};
}

function canaryFields({ weight, durationMs, ...sides }: CanaryReport): Fields {
	return {
		weight,
		seconds: durationMs / 1000,
		oldRequests: sides.old.requestCount,
		newRequests: sides.new.requestCount,
		oldErrors: sides.old.errorCount,
		newErrors: sides.new.errorCount,
		oldP95Ms: sides.old.p95Ms,
		newP95Ms: sides.new.p95Ms,
	};
}

/** Returns what listens to swaps. */
export function swapLog(log: Logger): (event: SwapEvent) => void {
	return (event) => {
		const { model, from } = event.swap;
		switch (event.kind) {
			case "compared":
				log.info(
					{ model, version: event.version, ...shadowFields(event.report) },
					"compared with the version in service on recent requests",
				);
				return;
			case "judged":
				log.info(
					{ model, version: event.version, ...canaryFields(event.report) },
					"canary is over",
				);
				return;
			case "ended":
				if (from.length > 0 && event.swap.action === "load") logEnd(log, event);
				return;
			default:
				return;
		}
	};
}

function logEnd(
	log: Logger,
	{ swap, outcome, phases, totalUs }: Extract<SwapEvent, { kind: "ended" }>,
): void {
	const { model, cause } = swap;
	const from = textOf(swap.from);
	if (outcome.kind === "switched") {
		const times = phases.map(
			({ phase, durationUs }) => `${phase} ${(durationUs / 1000).toFixed(1)}`,
		);
		const fields = {
			model,
			cause,
			from,
			to: textOf(outcome.to),
			totalMs: Math.round(totalUs / 1000),
			phasesMs: times.join(", "),
		};
		log.info(fields, "model swapped");
	} else if (outcome.kind === "failed")
		log.error(
			{ model, cause, phase: outcome.failure.phase },
			`what served goes on: version ${from}. ${outcome.failure.advice}`,
		);
}

function textOf(versions: readonly VersionIdentity[]): string {
	return versions.map(({ version }) => version).join(",");
}
