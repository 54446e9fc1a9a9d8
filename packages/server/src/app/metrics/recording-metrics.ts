// Recordings as metrics, set when they are read.
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { MetricsRegistry } from "../../telemetry/registry.ts";
import type { Recordings } from "../recordings.ts";

export function collectRecordingMetrics(
	registry: MetricsRegistry,
	recordings: Recordings,
): void {
	const active = registry.counter(INSTRUMENTS.recordingActive, []);
	const bytes = registry.counter(INSTRUMENTS.recordingBytes, []);
	const dropped = registry.counter(INSTRUMENTS.recordingDropped, []);
	const failures = registry.counter(INSTRUMENTS.recordingFailures, []);
	registry.onCollect(() => {
		active.value = recordings.isRecording ? 1 : 0;
		bytes.value = recordings.status()?.fileBytes ?? 0;
		dropped.value = recordings.droppedCount;
		failures.value = recordings.failureCount;
	});
}
