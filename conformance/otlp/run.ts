// Our export judged by somebody else's collector: rotel (Rust), which decodes what it gets and sends it on. What comes out
// behind it must be what went in. Python's package index has its binary; it is installed once.
//   node -C source conformance/otlp/run.ts
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createServer } from "../../packages/server/src/app/server.ts";
import { resolveOptions } from "../../packages/server/src/config/resolve.ts";
import { createLogger } from "../../packages/server/src/telemetry/logger.ts";
import { addFakeModel } from "../../test/support/fake-model.ts";
import {
	attributesOf,
	hex,
	OtlpCollector,
} from "../../test/support/otlp-collector.ts";
import { until } from "../../test/support/until.ts";
import { preparePython } from "../python/environment.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const FIND = "import rotel; print(rotel.__file__)";

const python = preparePython(
	"otlp",
	join(import.meta.dirname, "requirements.txt"),
);
const found = spawnSync(python, ["-c", FIND], { encoding: "utf8" });
const agent = join(dirname(found.stdout.trim()), "rotel-agent");

for (const protocol of ["http/protobuf", "grpc"] as const) {
	await judge(protocol);
	console.log(`rotel takes and passes on what is sent over ${protocol}`);
}

async function judge(protocol: "http/protobuf" | "grpc"): Promise<void> {
	const directory = mkdtempSync(join(tmpdir(), "saccade-rotel-"));
	const collector = new OtlpCollector();
	const behind = await collector.listenHttp();
	const [grpcPort, httpPort] = [await freePort(), await freePort()];
	const rotel = spawn(
		agent,
		[
			"start",
			`--otlp-grpc-endpoint=127.0.0.1:${grpcPort}`,
			`--otlp-http-endpoint=127.0.0.1:${httpPort}`,
			"--exporter=otlp",
			"--otlp-exporter-protocol=http",
			`--otlp-exporter-endpoint=${behind}`,
			"--disable-batching",
			`--pid-file=${join(directory, "pid")}`,
			`--log-file=${join(directory, "log")}`,
		],
		{ stdio: ["ignore", "ignore", "inherit"] },
	);
	try {
		await until("rotel", () => answers(httpPort));
		addFakeModel(directory, "quick");
		const port = protocol === "grpc" ? grpcPort : httpPort;
		await send(directory, `http://127.0.0.1:${port}`, protocol, collector);
	} finally {
		rotel.kill("SIGKILL");
		await once(rotel, "exit");
		await collector.close();
		rmSync(directory, { recursive: true });
	}
}

async function send(
	repository: string,
	endpoint: string,
	protocol: string,
	collector: OtlpCollector,
): Promise<void> {
	const resolved = resolveOptions({
		args: [
			`--model-repository=${repository}`,
			...["--audit=false", "--prepared-models=off"],
			...["--http-port=0", "--grpc-port=0", "--metrics-port=0"],
			...[`--otlp-endpoint=${endpoint}`, `--otlp-protocol=${protocol}`],
		],
		env: {
			OTEL_METRIC_EXPORT_INTERVAL: "500",
			OTEL_SERVICE_NAME: "judged",
		},
		fileText: null,
	});
	assert.ok(resolved.ok);
	const server = createServer(resolved.options, {
		log: createLogger("debug", () => {}),
	});
	try {
		const { http } = await server.listen();
		const answer = await fetch(
			`http://127.0.0.1:${http!.port}/v2/models/quick/infer`,
			{
				method: "POST",
				headers: {
					traceparent: `00-${TRACE}-${SPAN}-01`,
					tracestate: "vendor=a b",
				},
				body: JSON.stringify({
					inputs: [
						{ name: "INPUT0", datatype: "FP32", shape: [1, 1], data: [1] },
					],
				}),
			},
		);
		assert.equal(answer.status, 200);
		const route = "POST /v2/models/{model}/infer";
		await until("the spans", () => collector.span(route) !== undefined);
		const root = collector.span(route)!;
		assert.equal(hex(root.traceId), TRACE);
		assert.equal(hex(root.parentSpanId), SPAN);
		assert.equal(root.traceState, "vendor=a b");
		assert.equal(collector.resource["service.name"], "judged");
		const stages = ["head", "admit", "body", "check", "queue"];
		for (const name of [...stages, "gather", "run", "split", "encode"])
			assert.deepEqual(collector.span(name)?.parentSpanId, root.spanId, name);
		assert.deepEqual(
			root.links[0]?.spanId,
			collector.span("batch quick")?.spanId,
		);
		await until("the line", () =>
			collector.logs.some(({ traceId }) => hex(traceId) === TRACE),
		);
		await until("the metrics, with the exemplar", () => {
			const times = collector.metric("saccade_stage_duration_seconds")?.data;
			if (times?.case !== "histogram") return false;
			const request = times.value.dataPoints.find(
				({ attributes }) => attributesOf(attributes)["stage"] === "request",
			);
			return (
				request?.exemplars.some(({ traceId }) => hex(traceId) === TRACE) ??
				false
			);
		});
	} finally {
		await server.close();
	}
}

async function freePort(): Promise<number> {
	const server = createTcpServer();
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, "close");
	return port;
}

async function answers(port: number): Promise<boolean> {
	try {
		await fetch(`http://127.0.0.1:${port}/`);
		return true;
	} catch {
		return false;
	}
}
