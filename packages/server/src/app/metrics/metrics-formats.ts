// The metrics page in the format that a scraper asks for.
import { PageComposer } from "../../telemetry/page.ts";
import {
	CONTENT_TYPE,
	formatFor,
	prometheusText,
	type TextFormat,
} from "../../telemetry/prometheus-text.ts";
import type { MetricsRegistry } from "../../telemetry/registry.ts";
import type { MetricsFormat } from "../../transport/metrics/server.ts";

export function metricsFormats(
	registry: MetricsRegistry,
): (accept: string | undefined) => MetricsFormat {
	const of = (format: TextFormat): MetricsFormat => ({
		contentType: CONTENT_TYPE[format],
		composer: new PageComposer({
			parts: () => prometheusText(registry, format),
		}),
	});
	const formats = {
		prometheus: of("prometheus"),
		openmetrics: of("openmetrics"),
	};
	return (accept) => formats[formatFor(accept)];
}
