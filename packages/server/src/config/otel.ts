// Where telemetry goes: our flags, Triton's `--trace-config`, and the variables that OpenTelemetry specifies.
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
//
// Whether anything is sent is decided here; headers, compression and certificates are read by the exporters themselves.
import {
	type OtlpProtocol,
	type OtlpSettings,
	type OtlpTarget,
	SIGNALS,
	type Signal,
} from "../telemetry/otlp/otlp-settings.ts";
import type { TraceConfig } from "./trace-config.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface OtelSources {
	readonly env: Env;
	/** `--otlp-endpoint`; "" when not given. */
	readonly endpoint: string;
	/** `--otlp-protocol`; null when not given. */
	readonly protocol: OtlpProtocol | null;
	readonly traceConfig: TraceConfig;
	/** Where nothing else names the service. */
	readonly serverName: string;
}

const DEFAULT_ENDPOINT: Readonly<Record<OtlpProtocol, string>> = {
	"http/protobuf": "http://localhost:4318",
	grpc: "http://localhost:4317",
};
/** Metrics are for dashboards that look back minutes. */
const METRICS_EVERY_MS = 15_000;
const TIMEOUT_MS = 10_000;
const MAX_ATTRIBUTES = 64;
const MAX_VALUE_LENGTH = 256;

/** Null: nothing is sent. Adds to `problems` what is wrong. */
export function readOtel(
	sources: OtelSources,
	problems: string[],
): OtlpSettings | null {
	const { env } = sources;
	if (env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true") return null;
	const targets = Object.fromEntries(
		SIGNALS.map((signal) => [signal, targetOf(signal, sources, problems)]),
	) as Record<Signal, OtlpTarget | null>;
	const settings = {
		targets,
		resource: resourceOf(sources, problems),
		metricsEveryMs: milliseconds(
			env,
			"OTEL_METRIC_EXPORT_INTERVAL",
			METRICS_EVERY_MS,
			problems,
		),
		timeoutMs: milliseconds(
			env,
			"OTEL_EXPORTER_OTLP_TIMEOUT",
			TIMEOUT_MS,
			problems,
		),
	};
	const isSent = SIGNALS.some((signal) => targets[signal] !== null);
	return isSent ? settings : null;
}

/** The share that OTEL_TRACES_SAMPLER asks for; null: it asks for nothing. */
export function readSamplerRatio(env: Env, problems: string[]): number | null {
	const sampler = env["OTEL_TRACES_SAMPLER"]?.replace(/^parentbased_/, "");
	switch (sampler) {
		case undefined:
		case "":
			return null;
		case "always_on":
			return 1;
		case "always_off":
			return 0;
		case "traceidratio": {
			const text = env["OTEL_TRACES_SAMPLER_ARG"] ?? "1";
			const ratio = text.trim() === "" ? Number.NaN : Number(text);
			if (ratio >= 0 && ratio <= 1) return ratio;
			problems.push(
				`OTEL_TRACES_SAMPLER_ARG: a number from 0 to 1 is needed, got '${text.slice(0, 100)}'`,
			);
			return null;
		}
		default:
			problems.push(
				`OTEL_TRACES_SAMPLER: always_on, always_off, traceidratio and their parentbased_ forms are known, got '${sampler.slice(0, 100)}'`,
			);
			return null;
	}
}

function targetOf(
	signal: Signal,
	{ env, endpoint, protocol, traceConfig }: OtelSources,
	problems: string[],
): OtlpTarget | null {
	const name = signal.toUpperCase();
	const exporter = env[`OTEL_${name}_EXPORTER`]?.trim() ?? "";
	if (exporter === "none") return null;
	if (exporter !== "" && exporter !== "otlp") {
		problems.push(
			`OTEL_${name}_EXPORTER: otlp and none are known, got '${exporter.slice(0, 100)}'; metrics are served for Prometheus in any case`,
		);
		return null;
	}
	if (signal === "traces" && traceConfig.url !== null)
		return { protocol: "http/protobuf", url: traceConfig.url };
	const general = endpoint || filled(env, "OTEL_EXPORTER_OTLP_ENDPOINT");
	// A flag stands before the environment, for all signals.
	const own =
		endpoint === "" ? filled(env, `OTEL_EXPORTER_OTLP_${name}_ENDPOINT`) : "";
	if (own === "" && general === "" && exporter === "") return null;
	const used = protocol ?? protocolOf(name, env, problems);
	const base = own || general || DEFAULT_ENDPOINT[used];
	if (!isUrl(base)) {
		problems.push(
			`the OTLP endpoint of ${signal} must begin with http:// or https://, got '${base.slice(0, 100)}'`,
		);
		return null;
	}
	// What is named for one signal is used as it is.
	const isWhole = own !== "" || used === "grpc";
	const url = isWhole ? base : `${base.replace(/\/+$/, "")}/v1/${signal}`;
	return { protocol: used, url };
}

function protocolOf(name: string, env: Env, problems: string[]): OtlpProtocol {
	const text =
		filled(env, `OTEL_EXPORTER_OTLP_${name}_PROTOCOL`) ||
		filled(env, "OTEL_EXPORTER_OTLP_PROTOCOL") ||
		"http/protobuf";
	if (text === "grpc" || text === "http/protobuf") return text;
	const problem = `OTEL_EXPORTER_OTLP_PROTOCOL: grpc and http/protobuf are known, got '${text.slice(0, 100)}'`;
	// Of several signals it is one mistake.
	if (!problems.includes(problem)) problems.push(problem);
	return "http/protobuf";
}

/** `service.name` by OTEL_SERVICE_NAME, else by the attributes, else the server's name. */
function resourceOf(
	{ env, serverName, traceConfig }: OtelSources,
	problems: string[],
): Record<string, string> {
	const resource: Record<string, string> = { "service.name": serverName };
	const text = env["OTEL_RESOURCE_ATTRIBUTES"] ?? "";
	for (const pair of text.split(",")) {
		if (pair.trim() === "") continue;
		const at = pair.indexOf("=");
		const key = pair.slice(0, at).trim();
		const value = at < 0 ? null : decoded(pair.slice(at + 1).trim());
		if (value === null || key === "") {
			problems.push(
				`OTEL_RESOURCE_ATTRIBUTES: key=value with commas between is needed, got '${pair.slice(0, 100)}'`,
			);
			continue;
		}
		if (Object.keys(resource).length < MAX_ATTRIBUTES)
			resource[key] = value.slice(0, MAX_VALUE_LENGTH);
	}
	Object.assign(resource, traceConfig.resource);
	const service = filled(env, "OTEL_SERVICE_NAME");
	if (service !== "") resource["service.name"] = service;
	return resource;
}

/** Null: no percent-encoding. */
function decoded(text: string): string | null {
	try {
		return decodeURIComponent(text);
	} catch {
		return null;
	}
}

function milliseconds(
	env: Env,
	name: string,
	fallback: number,
	problems: string[],
): number {
	const text = filled(env, name);
	if (text === "") return fallback;
	if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
	problems.push(
		`${name}: milliseconds above 0 are needed, got '${text.slice(0, 100)}'`,
	);
	return fallback;
}

function filled(env: Env, name: string): string {
	return env[name]?.trim() ?? "";
}

function isUrl(text: string): boolean {
	return /^https?:\/\//.test(text) && URL.canParse(text);
}
