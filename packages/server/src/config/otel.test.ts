import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { resolveOptions } from "./resolve.ts";

type Env = Readonly<Record<string, string>>;

function resolve(env: Env, ...args: readonly string[]) {
	const resolved = resolveOptions({ args, env, fileText: null });
	assert.ok(resolved.ok, resolved.ok ? "" : resolved.problems.join("; "));
	return resolved.options;
}

function problemsOf(env: Env, ...args: readonly string[]): string {
	const resolved = resolveOptions({ args, env, fileText: null });
	return resolved.ok ? "" : resolved.problems.join("; ");
}

const HTTP = "http/protobuf" as const;

describe("where telemetry goes", () => {
	test("is nowhere, unless somebody says so", () => {
		assert.equal(resolve({}).otlp, null);
		const env = {
			OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318",
			OTEL_SDK_DISABLED: "true",
		};
		assert.equal(resolve(env).otlp, null);
	});

	test("is below one endpoint for HTTP, and the endpoint itself for gRPC", () => {
		const http = resolve({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318/x/" });
		assert.deepEqual(http.otlp?.targets, {
			traces: { protocol: HTTP, url: "http://c:4318/x/v1/traces" },
			metrics: { protocol: HTTP, url: "http://c:4318/x/v1/metrics" },
			logs: { protocol: HTTP, url: "http://c:4318/x/v1/logs" },
		});
		const grpc = resolve(
			{},
			"--otlp-endpoint=http://c:4317",
			"--otlp-protocol=grpc",
		);
		assert.deepEqual(grpc.otlp?.targets.traces, {
			protocol: "grpc",
			url: "http://c:4317",
		});
	});

	test("may differ by signal, whose own endpoint is used as it is", () => {
		const { otlp } = resolve({
			OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://t:1/any/path",
			OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://m:2",
			OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "grpc",
			OTEL_LOGS_EXPORTER: "none",
		});
		assert.deepEqual(otlp?.targets, {
			traces: { protocol: HTTP, url: "http://t:1/any/path" },
			metrics: { protocol: "grpc", url: "http://m:2" },
			logs: null,
		});
	});

	test("is the default collector for who only names the exporter", () => {
		const { otlp } = resolve({ OTEL_TRACES_EXPORTER: "otlp" });
		assert.deepEqual(otlp?.targets, {
			traces: { protocol: HTTP, url: "http://localhost:4318/v1/traces" },
			metrics: null,
			logs: null,
		});
	});

	test("that makes no sense is told with all other problems", () => {
		const problems = problemsOf({
			OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318",
			OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
			OTEL_METRIC_EXPORT_INTERVAL: "soon",
			OTEL_LOGS_EXPORTER: "console",
			OTEL_TRACES_SAMPLER: "jaeger_remote",
			OTEL_RESOURCE_ATTRIBUTES: "a",
		});
		for (const part of [
			/must begin with http:/,
			/OTEL_EXPORTER_OTLP_PROTOCOL/,
			/OTEL_METRIC_EXPORT_INTERVAL/,
			/OTEL_LOGS_EXPORTER/,
			/OTEL_TRACES_SAMPLER/,
		])
			assert.match(problems, part);
	});
});

test("the service is named by its variable, else by the attributes, else as the server", () => {
	const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" };
	const nameOf = (env: Env, ...args: string[]) =>
		resolve({ ...endpoint, ...env }, ...args).otlp?.resource["service.name"];
	const attributes = { OTEL_RESOURCE_ATTRIBUTES: "service.name=b%20c,k=v" };
	assert.equal(nameOf({}, "--id=car"), "car");
	assert.equal(nameOf(attributes, "--id=car"), "b c");
	assert.equal(nameOf({ ...attributes, OTEL_SERVICE_NAME: "a" }), "a");
	const long = { OTEL_RESOURCE_ATTRIBUTES: `k=${"x".repeat(5000)}` };
	assert.equal(
		resolve({ ...endpoint, ...long }).otlp?.resource["k"]?.length,
		256,
	);
});

test("how much is traced: our flag, Triton's option, OpenTelemetry's sampler, in this order", () => {
	const sampler = {
		OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
		OTEL_TRACES_SAMPLER_ARG: "0.25",
	};
	const triton = ["--trace-config", "rate=10"];
	assert.equal(resolve({}).traceSampleRatio, 0, "nobody would look at them");
	const sent = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };
	assert.equal(resolve(sent).traceSampleRatio, 0.01);
	assert.equal(resolve(sampler).traceSampleRatio, 0.25);
	assert.equal(resolve(sampler, ...triton).traceSampleRatio, 0.1);
	const flag = "--trace-sample-ratio=0.5";
	assert.equal(resolve(sampler, ...triton, flag).traceSampleRatio, 0.5);
	const off = { OTEL_TRACES_SAMPLER: "always_off" };
	assert.equal(resolve(off).traceSampleRatio, 0);
	assert.match(problemsOf({}, "--trace-sample-ratio=2"), /from 0 to 1/);
});

describe("Triton's --trace-config", () => {
	test("names where traces go", () => {
		const { otlp } = resolve(
			{},
			"--trace-config=mode=opentelemetry",
			"--trace-config=opentelemetry,url=http://t:4318/v1/traces",
			"--trace-config=opentelemetry,resource=service.name=tri",
		);
		assert.deepEqual(otlp?.targets, {
			traces: { protocol: HTTP, url: "http://t:4318/v1/traces" },
			metrics: null,
			logs: null,
		});
		assert.equal(otlp?.resource["service.name"], "tri");
	});

	test("without a URL is Triton's default, and OFF traces nothing by itself", () => {
		const { otlp, traceSampleRatio } = resolve(
			{},
			"--trace-config=mode=opentelemetry",
			"--trace-config=level=OFF",
		);
		assert.equal(otlp?.targets.traces?.url, "http://localhost:4318/v1/traces");
		assert.equal(traceSampleRatio, 0);
	});

	test("that has no meaning here warns by name, and what is wrong is a problem", () => {
		const resolved = resolveOptions({
			args: ["--trace-config=triton,file=/tmp/t", "--trace-config=count=5"],
			env: {},
			fileText: null,
		});
		assert.ok(resolved.ok);
		assert.deepEqual(
			resolved.warnings.map((text) => /triton,file|count/.exec(text)?.[0]),
			["triton,file", "count"],
		);
		assert.match(problemsOf({}, "--trace-config=rate=0"), /from 1 on/);
		assert.match(
			problemsOf({}, "--trace-config=opentelemetry,url=ftp://x"),
			/http:\/\//,
		);
	});
});
