// Lines of the log as records of OpenTelemetry; what names a trace ties them to it.
import {
	type Attributes,
	SeverityNumber,
	type SpanContext,
	TraceFlags,
} from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { LogLine } from "../logger.ts";
import { hrTime } from "./hr-time.ts";

const SEVERITY: Readonly<Record<LogLine["level"], SeverityNumber>> = {
	debug: SeverityNumber.DEBUG,
	info: SeverityNumber.INFO,
	warn: SeverityNumber.WARN,
	error: SeverityNumber.ERROR,
};

export function logRecord(
	line: LogLine,
	resource: Resource,
	scope: { readonly name: string; readonly version: string },
): ReadableLogRecord {
	const time = hrTime(line.unixMs * 1000);
	const spanContext = contextOf(line.fields);
	const attributes: Attributes = {};
	for (const [name, value] of Object.entries(line.fields))
		if (value !== null && name !== "trace_id" && name !== "span_id")
			attributes[name] = value;
	return {
		hrTime: time,
		hrTimeObserved: time,
		...(spanContext !== null && { spanContext }),
		severityText: line.level.toUpperCase(),
		severityNumber: SEVERITY[line.level],
		body: line.text,
		resource,
		instrumentationScope: scope,
		attributes,
		droppedAttributesCount: 0,
	};
}

function contextOf(fields: LogLine["fields"]): SpanContext | null {
	const { trace_id: traceId, span_id: spanId } = fields;
	if (typeof traceId !== "string" || typeof spanId !== "string") return null;
	return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}
