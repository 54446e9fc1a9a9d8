// Triton's `--trace-config`, as far as it has a meaning here: `rate=N`, `level=…`, `mode=opentelemetry`,
// `opentelemetry,url=…` and `opentelemetry,resource=key=value`.
// https://github.com/triton-inference-server/server/blob/main/docs/user_guide/trace.md

export interface TraceConfig {
	/** Null: it does not say. */
	readonly ratio: number | null;
	/** Where traces go over OTLP/HTTP; null: it does not say. */
	readonly url: string | null;
	readonly resource: Readonly<Record<string, string>>;
}

/** Triton's default of `opentelemetry,url`. */
const DEFAULT_URL = "http://localhost:4318/v1/traces";

export function readTraceConfig(
	items: readonly string[],
	problems: string[],
	warnings: string[],
): TraceConfig {
	const resource: Record<string, string> = {};
	let rate: number | null = null;
	let isOff = false;
	let isOpenTelemetry = false;
	let url: string | null = null;
	for (const item of items) {
		const match = /^(?:([a-z]+),)?([a-z_-]+)=(.*)$/s.exec(item);
		const [, mode = "", key = "", value = ""] = match ?? [];
		switch (match === null ? "" : `${mode}/${key}`) {
			case "/rate":
				rate = /^[1-9]\d{0,8}$/.test(value) ? Number(value) : null;
				if (rate === null)
					problems.push(
						`--trace-config rate: one of how many is needed, from 1 on, got '${value.slice(0, 100)}'`,
					);
				break;
			case "/level":
				isOff = value === "OFF";
				if (value === "TENSORS")
					warnings.push(
						"--trace-config level=TENSORS traces times alone in this version",
					);
				break;
			case "/mode":
				isOpenTelemetry = value === "opentelemetry";
				if (!isOpenTelemetry)
					warnings.push(
						`--trace-config mode=${value} has no effect in this version: traces are OpenTelemetry's`,
					);
				break;
			case "opentelemetry/url":
				url = value;
				if (!/^https?:\/\//.test(value) || !URL.canParse(value))
					problems.push(
						`--trace-config opentelemetry,url: http:// or https:// is needed, got '${value.slice(0, 100)}'`,
					);
				break;
			case "opentelemetry/resource": {
				const at = value.indexOf("=");
				if (at > 0) resource[value.slice(0, at)] = value.slice(at + 1);
				else
					problems.push(
						`--trace-config opentelemetry,resource: key=value is needed, got '${value.slice(0, 100)}'`,
					);
				break;
			}
			default:
				warnings.push(`--trace-config=${item} has no effect in this version`);
		}
	}
	return {
		ratio: isOff ? 0 : rate === null ? null : 1 / rate,
		url: isOpenTelemetry ? (url ?? DEFAULT_URL) : url,
		resource,
	};
}
