import { prometheusText, type TextFormat } from "../prometheus-text.ts";
import type { MetricsRegistry } from "../registry.ts";

/** The whole page, as whoever scrapes reads it. */
export function pageText(
	registry: MetricsRegistry,
	format: TextFormat = "prometheus",
): string {
	// Bytes are valid until the next part.
	const parts = Array.from(prometheusText(registry, format), (part) =>
		Buffer.from(part as string).toString(),
	);
	return parts.join("");
}
