// What leaves a server over OTLP, taken by a collector built on OpenTelemetry's own protocol files.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { createServer } from "../../packages/server/src/app/server.ts";
import { resolveOptions } from "../../packages/server/src/config/resolve.ts";
import { createLogger } from "../../packages/server/src/telemetry/logger.ts";
import { addFakeModel } from "../support/fake-model.ts";
import { attributesOf, hex, OtlpCollector } from "../support/otlp-collector.ts";
import { until } from "../support/until.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

async function startTraced(
	t: TestContext,
	env: Readonly<Record<string, string>>,
	...args: readonly string[]
) {
	const repository = mkdtempSync(join(tmpdir(), "saccade-otlp-"));
	addFakeModel(repository, "quick");
	const resolved = resolveOptions({
		args: [
			`--model-repository=${repository}`,
			...["--audit=false", "--prepared-models=off"],
			...["--http-port=0", "--grpc-port=0", "--metrics-port=0"],
			...["--trace-sample-ratio=0", "--exit-timeout-secs=5", ...args],
		],
		env,
		fileText: null,
	});
	assert.ok(resolved.ok, resolved.ok ? "" : resolved.problems.join("; "));
	const lines: string[] = [];
	const server = createServer(resolved.options, {
		log: createLogger("debug", (line) => lines.push(line)),
	});
	const { http, metrics } = await server.listen();
	let isClosed = false;
	const close = async () => {
		if (isClosed) return;
		isClosed = true;
		await server.close();
		rmSync(repository, { recursive: true });
	};
	t.after(close);
	const infer = (headers: Record<string, string> = {}) =>
		fetch(`http://127.0.0.1:${http!.port}/v2/models/quick/infer`, {
			method: "POST",
			headers,
			body: JSON.stringify({
				inputs: [
					{ name: "INPUT0", datatype: "FP32", shape: [1, 1], data: [1] },
				],
			}),
		});
	const scrape = async () =>
		(await fetch(`http://127.0.0.1:${metrics!.port}/metrics`)).text();
	return { infer, scrape, lines, close };
}

const traced = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "a=1" };

for (const protocol of ["http/protobuf", "grpc"] as const)
	describe(`over ${protocol}`, () => {
		test("a request's spans, its batch, its log line and the metrics arrive", async (t) => {
			const collector = new OtlpCollector();
			const url =
				protocol === "grpc"
					? await collector.listenGrpc()
					: await collector.listenHttp();
			t.after(() => collector.close());
			const server = await startTraced(t, {
				OTEL_EXPORTER_OTLP_ENDPOINT: url,
				OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
				OTEL_SERVICE_NAME: "bench-7",
				OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
				OTEL_METRIC_EXPORT_INTERVAL: "200",
			});
			assert.equal((await server.infer(traced)).status, 200);
			await until("the spans", () => collector.spans.length > 0);
			const root = collector.span("POST /v2/models/{model}/infer");
			assert.ok(root !== undefined);
			assert.equal(hex(root.traceId), TRACE);
			assert.equal(hex(root.parentSpanId), SPAN);
			assert.equal(root.traceState, "a=1");
			assert.equal(root.kind, 2, "SERVER");
			const attributes = attributesOf(root.attributes);
			assert.equal(attributes["saccade.model.name"], "quick");
			assert.equal(attributes["saccade.outcome"], "RESULT");
			assert.equal(attributes["http.request.method"], "POST");
			assert.equal(root.events[0]?.name, "batch-closed");
			for (const name of ["queue", "gather", "run", "split", "encode"]) {
				const stage = collector.span(name);
				assert.ok(stage !== undefined, name);
				assert.deepEqual(stage.parentSpanId, root.spanId, name);
				assert.ok(stage.startTimeUnixNano >= root.startTimeUnixNano, name);
				assert.ok(stage.endTimeUnixNano <= root.endTimeUnixNano, name);
			}
			const batch = collector.span("batch quick");
			assert.deepEqual(root.links[0]?.spanId, batch?.spanId);
			assert.deepEqual(root.links[0]?.traceId, batch?.traceId);
			assert.deepEqual(batch?.links[0]?.spanId, root.spanId);
			assert.equal(
				attributesOf(batch?.attributes ?? [])["saccade.batch.rows"],
				1n,
			);
			assert.equal(collector.resource["service.name"], "bench-7");
			assert.equal(collector.resource["deployment.environment.name"], "test");
			await until("its log line", () =>
				collector.logs.some(({ traceId }) => hex(traceId) === TRACE),
			);
			const line = collector.logs.find(({ traceId }) => hex(traceId) === TRACE);
			assert.deepEqual(line?.spanId, root.spanId);
			assert.equal(line?.severityText, "DEBUG");
			await until("metrics with the request", () => {
				const data = collector.metric("nv_inference_request_success")?.data;
				const [point] = data?.case === "sum" ? data.value.dataPoints : [];
				return point?.value.case === "asDouble" && point.value.value === 1;
			});
		});
	});

test("metrics are those that a scrape shows, with exemplars and the kinds that they have", async (t) => {
	const collector = new OtlpCollector();
	const server = await startTraced(
		t,
		{ OTEL_METRIC_EXPORT_INTERVAL: "100" },
		`--otlp-endpoint=${await collector.listenHttp()}`,
	);
	t.after(() => collector.close());
	await server.infer(traced);
	for (let i = 0; i < 4; i++) await server.infer();
	await until("all five", () => {
		const data = collector.metric("nv_inference_request_success")?.data;
		return (
			data?.case === "sum" &&
			data.value.dataPoints[0]?.value.value === 5 &&
			data.value.isMonotonic
		);
	});
	const text = await server.scrape();
	const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
		([, name = "", kind = ""]) => [name, kind] as const,
	);
	assert.ok(families.length > 30);
	const CASE = { counter: "sum", gauge: "gauge", histogram: "histogram" };
	for (const [name, kind] of families) {
		const metric = collector.metric(name);
		// What is measured from the first scrape on may follow with the next push.
		if (metric === undefined && name.includes("event_loop")) continue;
		assert.equal(metric?.data.case, CASE[kind as keyof typeof CASE], name);
	}
	const times = collector.metric("saccade_stage_duration_seconds");
	assert.equal(times?.unit, "s");
	assert.ok(times?.data.case === "histogram");
	const request = times.data.value.dataPoints.find(
		({ attributes }) => attributesOf(attributes)["stage"] === "request",
	);
	assert.equal(request?.count, 5n);
	assert.equal(
		request.bucketCounts.reduce((a, b) => a + b, 0n),
		5n,
	);
	assert.ok(request.exemplars.some(({ traceId }) => hex(traceId) === TRACE));
	const sum =
		/saccade_stage_duration_seconds_sum\{model="quick",version="1",stage="request"\} (\S+)/.exec(
			text,
		);
	assert.equal(request.sum, Number(sum?.[1]));
});

test("what was not asked for is not sent, unless it missed its deadline", async (t) => {
	const collector = new OtlpCollector();
	const server = await startTraced(
		t,
		{ OTEL_METRICS_EXPORTER: "none", OTEL_LOGS_EXPORTER: "none" },
		`--otlp-endpoint=${await collector.listenHttp()}`,
	);
	t.after(() => collector.close());
	await server.infer();
	await server.infer({ traceparent: `00-${TRACE}-${SPAN}-00` });
	const late = await server.infer({ "saccade-deadline-ms": "0.001" });
	assert.equal(late.status, 504);
	// The server sends what it has before it ends.
	await server.close();
	assert.equal(collector.metricsCount, 0);
	assert.equal(collector.logs.length, 0);
	const roots = collector.spans.filter(({ kind }) => kind === 2);
	assert.equal(roots.length, 1);
	assert.equal(roots[0]?.status?.code, 2, "ERROR");
	const told = late.headers.get("traceresponse");
	assert.equal(told?.split("-")[1], hex(roots[0]!.traceId));
});

describe("a collector", () => {
	test("that is down costs no answer; what it missed is counted, and the log says so once", async (t) => {
		const server = await startTraced(t, {
			// Nothing listens there.
			OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
			OTEL_EXPORTER_OTLP_TIMEOUT: "300",
			OTEL_METRICS_EXPORTER: "none",
			OTEL_LOGS_EXPORTER: "none",
		});
		for (let i = 0; i < 3; i++) {
			assert.equal((await server.infer(traced)).status, 200);
			await until("the failure", async () =>
				new RegExp(
					`saccade_telemetry_dropped_total\\{signal="traces",because="export-failed"\\} ${i + 1}\\n`,
				).test(await server.scrape()),
			);
		}
		const warnings = server.lines.filter((line) => line.includes("OTLP"));
		assert.equal(warnings.length, 1, warnings.join(""));
	});

	test("that comes back gets what follows, and the log says so", async (t) => {
		const collector = new OtlpCollector();
		const url = await collector.listenHttp();
		t.after(() => collector.close());
		const server = await startTraced(t, {
			OTEL_EXPORTER_OTLP_ENDPOINT: url,
			OTEL_EXPORTER_OTLP_TIMEOUT: "300",
			OTEL_METRICS_EXPORTER: "none",
			OTEL_LOGS_EXPORTER: "none",
		});
		collector.behaviour = 400;
		await server.infer(traced);
		await until("the failure", () =>
			server.lines.some((line) => line.includes("is dropped")),
		);
		assert.equal(collector.spans.length, 0);
		collector.behaviour = "take";
		await server.infer(traced);
		await until("the spans", () => collector.spans.length > 0);
		await until("the news", () =>
			server.lines.some((line) => line.includes("takes it again")),
		);
	});

	test("that never answers holds nobody up, and ends with the server", async (t) => {
		const collector = new OtlpCollector();
		collector.behaviour = "hang";
		const url = await collector.listenHttp();
		t.after(() => collector.close());
		const server = await startTraced(t, {
			OTEL_EXPORTER_OTLP_ENDPOINT: url,
			OTEL_METRIC_EXPORT_INTERVAL: "100",
		});
		await server.infer(traced);
		await until("a request there", () => collector.requestCount > 0);
		for (let i = 0; i < 20; i++)
			assert.equal((await server.infer(traced)).status, 200);
		const fromMs = performance.now();
		await server.close();
		// Its time limit is 10 s; the server waits 3.
		assert.ok(performance.now() - fromMs < 8000);
	});
});

test("headers and compression are those that OpenTelemetry's variables name", async (t) => {
	const collector = new OtlpCollector();
	const url = await collector.listenHttp();
	t.after(() => collector.close());
	// The exporters read them in their own thread, which has the process's environment.
	process.env["OTEL_EXPORTER_OTLP_HEADERS"] = "api-key=secret";
	process.env["OTEL_EXPORTER_OTLP_COMPRESSION"] = "gzip";
	t.after(() => {
		delete process.env["OTEL_EXPORTER_OTLP_HEADERS"];
		delete process.env["OTEL_EXPORTER_OTLP_COMPRESSION"];
	});
	const server = await startTraced(t, { OTEL_EXPORTER_OTLP_ENDPOINT: url });
	await server.infer(traced);
	await until("the spans", () => collector.spans.length > 0);
	assert.equal(collector.headers["api-key"], "secret");
	assert.equal(collector.headers["content-encoding"], "gzip");
});
