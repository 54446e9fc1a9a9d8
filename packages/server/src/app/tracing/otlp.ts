// Telemetry over OTLP in a server: what is sent, what is said of it in the log and in metrics.
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { OtlpExport } from "../../telemetry/otlp/otlp-export.ts";
import {
	type OtlpSettings,
	SIGNALS,
} from "../../telemetry/otlp/otlp-settings.ts";
import type { MetricsRegistry } from "../../telemetry/registry.ts";
import type { TraceRecord } from "../../telemetry/tracing/trace-record.ts";
import { VERSION } from "../version.ts";
import type { Tracing } from "./tracing.ts";

/** @param settings null: nothing is sent */
export function createOtlpExport(
	settings: OtlpSettings | null,
	registry: MetricsRegistry | null,
	log: Logger,
): OtlpExport | null {
	if (settings === null) return null;
	const { targets, resource } = settings;
	const otlp = new OtlpExport({
		settings: {
			...settings,
			resource: { ...resource, "service.version": VERSION },
		},
		scope: { name: "saccade", version: VERSION },
		registry,
		onChange: (signal, problem) => {
			const fields = { signal, url: targets[signal]?.url ?? "" };
			if (problem === null)
				log.info(fields, "OTLP: the collector takes it again");
			else log.warn(fields, `OTLP: ${problem}; what does not fit is dropped`);
		},
	});
	if (targets.logs !== null) log.follow((line) => otlp.log(line));
	return otlp;
}

/** Null: traces are not sent. */
export function exportOf(
	otlp: OtlpExport | null,
	settings: OtlpSettings | null,
): ((record: TraceRecord) => void) | null {
	if (otlp === null || (settings?.targets.traces ?? null) === null) return null;
	return (record) => otlp.trace(record);
}

export function collectTelemetryMetrics(
	registry: MetricsRegistry,
	otlp: OtlpExport | null,
	tracing: Tracing | null,
): void {
	if (tracing !== null) {
		const labels = ["traces", "too-many"];
		const tooMany = registry.counter(INSTRUMENTS.telemetryDropped, labels);
		registry.onCollect(() => {
			tooMany.value = tracing.passedOverCount;
			// For its exemplars.
			tracing.settle();
		});
	}
	if (otlp === null) return;
	for (const signal of SIGNALS) {
		const counts = otlp.counts[signal];
		const exported = registry.counter(INSTRUMENTS.telemetryExported, [signal]);
		const dropped = (because: string) =>
			registry.counter(INSTRUMENTS.telemetryDropped, [signal, because]);
		const full = dropped("buffer-full");
		const failed = dropped("export-failed");
		registry.onCollect(() => {
			exported.value = counts.exported;
			full.value = counts.overflowed;
			failed.value = counts.failed;
		});
	}
}
