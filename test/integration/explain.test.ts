// Traces from the wire to `/saccade/v1/explain`: what a client sent, what the server says of it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { type Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
	ModelInferRequestSchema,
	ModelInferResponseSchema,
	type ModelStreamInferResponse,
	ModelStreamInferResponseSchema,
	TraceSettingRequestSchema,
	TraceSettingResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { TensorsSchema } from "@saccade/protocol/gen/saccade/v1/payload_pb.js";
import * as pb from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type {
	TraceExplanation,
	TraceSummary,
} from "../../packages/server/src/service/trace-service.ts";
import type { TraceRecord } from "../../packages/server/src/telemetry/tracing/trace-record.ts";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { addFakeModel } from "../support/fake-model.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { until } from "../support/until.ts";

const TRACE = (n: number) =>
	`4bf92f3577b34da6a3ce929d0e0e${n.toString(16).padStart(4, "0")}`;
const SPAN = "00f067aa0ba902b7";
const MODEL_INFER = {
	path: "/inference.GRPCInferenceService/ModelInfer",
	request: ModelInferRequestSchema,
	response: ModelInferResponseSchema,
};
const MODEL_STREAM_INFER = {
	path: "/inference.GRPCInferenceService/ModelStreamInfer",
	request: ModelInferRequestSchema,
	response: ModelStreamInferResponseSchema,
};
const STREAM = {
	path: "/saccade.v1.SensorPipeline/StreamTelemetry",
	request: pb.SensorReadingSchema,
	response: pb.ControlCommandSchema,
};

let repository: string;
let server: TestServer;
let client: TestClient;

before(async () => {
	repository = mkdtempSync(join(tmpdir(), "saccade-explain-"));
	addFakeModel(repository, "quick");
	addFakeModel(repository, "slow", { curveMs: { 1: 30, 8: 30 } });
	// Only what was asked for is sampled, so that each test knows what is there.
	server = await startTestServer(repository, "--trace-sample-ratio=0");
	client = new TestClient(server.grpcAddress);
});

after(async () => {
	client.close();
	await server.close();
	rmSync(repository, { recursive: true });
});

const get = (path: string) =>
	fetch(`http://127.0.0.1:${server.http.port}${path}`);

async function explain(traceId: string): Promise<TraceExplanation> {
	const response = await get(`/saccade/v1/explain/${traceId}`);
	assert.equal(response.status, 200, await response.clone().text());
	return (await response.json()) as TraceExplanation;
}

async function list(query: string): Promise<readonly TraceSummary[]> {
	const response = await get(`/saccade/v1/traces?${query}`);
	assert.equal(response.status, 200);
	return ((await response.json()) as { traces: TraceSummary[] }).traces;
}

function postInfer(
	model: string,
	headers: Record<string, string>,
	id = "",
): Promise<Response> {
	return fetch(
		`http://127.0.0.1:${server.http.port}/v2/models/${model}/infer`,
		{
			method: "POST",
			headers,
			body: JSON.stringify({
				id,
				inputs: [
					{ name: "INPUT0", datatype: "FP32", shape: [1, 2], data: [1, 2] },
				],
			}),
		},
	);
}

/** Each µs of it is in one stage, in the order in which they were. */
function assertCovered(record: TraceRecord, names: readonly string[]): void {
	assert.deepEqual(
		record.stages.map(({ name }) => name),
		names,
	);
	let atUs = 0;
	for (const { name, startUs, durationUs } of record.stages) {
		assert.ok(Math.abs(startUs - atUs) < 1e-3, `${name} begins at ${startUs}`);
		atUs = startUs + durationUs;
	}
	assert.ok(Math.abs(atUs - record.durationUs) < 1e-3);
}

const ALL_STAGES = [
	...["head", "admit", "body", "check", "queue"],
	...["gather", "run", "split", "encode"],
];

describe("a request over HTTP", () => {
	test("that carries a context is explained to the microsecond, with the batch that it ran in", async () => {
		const response = await postInfer(
			"quick",
			{
				traceparent: `00-${TRACE(1)}-${SPAN}-01`,
				tracestate: "vendor=1",
				"saccade-deadline-ms": "5000",
			},
			"r1",
		);
		assert.equal(response.status, 200);
		const { records } = await explain(TRACE(1));
		const [record] = records;
		assert.ok(record !== undefined && records.length === 1);
		assert.equal(
			response.headers.get("traceresponse"),
			`00-${TRACE(1)}-${record.spanId}-01`,
		);
		assertCovered(record, ALL_STAGES);
		assert.equal(record.parentSpanId, SPAN);
		assert.equal(record.tracestate, "vendor=1");
		assert.equal(record.outcome, "RESULT");
		assert.equal(record.attributes["request.id"], "r1");
		assert.ok(Math.abs(record.deadlineUs! - 5_000_000) < 1);
		assert.equal(record.batch?.rows, 1);
		assert.equal(record.decisions[0]?.kind, "batch-closed");
		assert.equal(record.decisions[0]?.because, record.batch?.closedBecause);
		assert.deepEqual(record.links, [
			{
				traceId: record.batch?.traceId,
				spanId: record.batch?.spanId,
				kind: "batch",
			},
		]);
		// The wall clock of this machine, within what a busy one delays.
		assert.ok(Math.abs(record.startUnixUs / 1000 - Date.now()) < 60_000);
	});

	test("that misses its deadline is kept unasked, and told by which id", async () => {
		const response = await postInfer("slow", { "saccade-deadline-ms": "5" });
		assert.ok([503, 504].includes(response.status));
		const [, traceId = ""] =
			/^00-([0-9a-f]{32})-[0-9a-f]{16}-00$/.exec(
				response.headers.get("traceresponse") ?? "",
			) ?? [];
		const [record] = (await explain(traceId)).records;
		assert.ok(record?.isMissed);
		assert.ok(["EXPIRED", "SHED"].includes(record.outcome));
		const [decision] = record.decisions;
		assert.ok(["refused", "stopped"].includes(decision?.kind ?? ""));
		const { error } = (await response.json()) as { error: string };
		assert.equal(decision?.text, error);
		const missed = await list("order=missed&name=slow");
		assert.ok(missed.some((one) => one.traceId === traceId));
	});

	test("whose context is malformed is served as if it had none", async () => {
		const response = await postInfer("quick", { traceparent: "00-zz-1-01" });
		assert.equal(response.status, 200);
		assert.equal(response.headers.get("traceresponse"), null);
	});

	test("the slowest of a model come first", async () => {
		for (let i = 0; i < 3; i++) await postInfer("slow", {});
		const slow = await list("order=slowest&name=slow&limit=2");
		assert.equal(slow.length, 2);
		assert.ok(slow[0]!.durationUs >= slow[1]!.durationUs);
		assert.equal(slow[0]!.longestStage?.name, "run");
	});
});

test("a request over gRPC carries its context in metadata, and hears of its trace in the trailers", async () => {
	const trailers = new Promise<Metadata>((resolve) => {
		void client.unary(
			MODEL_INFER,
			{
				modelName: "quick",
				inputs: [{ name: "INPUT0", datatype: "FP32", shape: [1n, 1n] }],
				rawInputContents: [new Uint8Array(4)],
			},
			{ traceparent: `00-${TRACE(2)}-${SPAN}-01` },
			(call) => call.on("status", ({ metadata }) => resolve(metadata)),
		);
	});
	const [told] = (await trailers).get("traceresponse");
	const [record] = (await explain(TRACE(2))).records;
	assert.ok(record !== undefined);
	assert.equal(told, `00-${TRACE(2)}-${record.spanId}-01`);
	assertCovered(record, ALL_STAGES);
});

test("what a gRPC client missed is told in the trailers, too", async () => {
	const failure = await client
		.unary(
			MODEL_INFER,
			{
				modelName: "slow",
				inputs: [{ name: "INPUT0", datatype: "FP32", shape: [1n, 1n] }],
				rawInputContents: [new Uint8Array(4)],
			},
			{ "saccade-deadline-ms": "5" },
		)
		.then(
			() => null,
			(error: ServiceError) => error,
		);
	assert.ok(
		failure?.code === status.DEADLINE_EXCEEDED ||
			failure?.code === status.UNAVAILABLE,
	);
	const [text] = failure.metadata.get("traceresponse");
	const traceId = String(text).split("-")[1] ?? "";
	assert.ok((await explain(traceId)).records[0]?.isMissed);
});

test("requests of one ModelStreamInfer call are parts of its caller's trace, each with a span and stages of its own", async () => {
	const call = client.bidi(MODEL_STREAM_INFER, {
		traceparent: `00-${TRACE(40)}-${SPAN}-01`,
	});
	const answers: ModelStreamInferResponse[] = [];
	call.on("data", (answer: ModelStreamInferResponse) => answers.push(answer));
	for (const id of ["a", "b"]) {
		call.write(
			create(ModelInferRequestSchema, {
				modelName: "quick",
				id,
				inputs: [{ name: "INPUT0", datatype: "FP32", shape: [1n, 1n] }],
				rawInputContents: [new Uint8Array(4)],
			}),
		);
		await until(`the answer to ${id}`, () =>
			answers.some(({ inferResponse }) => inferResponse?.id === id),
		);
	}
	call.end();
	const { records } = await explain(TRACE(40));
	assert.deepEqual(
		records.map(({ attributes }) => attributes["request.id"]),
		["a", "b"],
	);
	assert.equal(new Set(records.map(({ spanId }) => spanId)).size, 2);
	for (const record of records) {
		assert.equal(record.parentSpanId, SPAN);
		assert.equal(record.transport, "grpc-stream");
		assert.ok(record.isSampled);
		assert.equal(record.outcome, "RESULT");
		const names = record.stages.map(({ name }) => name);
		assert.deepEqual(names.slice(-5), ALL_STAGES.slice(-5));
	}
});

describe("a frame", () => {
	function open(model: string, headers: Record<string, string> = {}) {
		const call = client.bidi(STREAM, headers);
		const outcomes: pb.FrameOutcome[] = [];
		call.on("data", (command: pb.ControlCommand) =>
			outcomes.push(...command.outcomes),
		);
		call.on("error", () => {});
		const send = (
			reading: Parameters<typeof create<typeof pb.SensorReadingSchema>>[1],
		) => call.write(create(pb.SensorReadingSchema, reading));
		send({
			content: {
				case: "open",
				value: create(pb.StreamOpenSchema, {
					pipeline: `model:${model}`,
					name: "front camera",
				}),
			},
		});
		return { call, outcomes, send };
	}
	const tensors = {
		case: "tensors" as const,
		value: create(TensorsSchema, {
			tensors: [
				{
					name: "INPUT0",
					datatype: "FP32",
					shape: [1n, 1n],
					data: new Uint8Array(4),
				},
			],
		}),
	};
	const at = (n: number) => 1_700_000_000_000_000_000n + BigInt(n) * 1_000_000n;

	test("is a part of its reading's trace, with the request of its model and their batch, and links to its stream's", async () => {
		const stream = open("quick", { traceparent: `00-${TRACE(3)}-${SPAN}-01` });
		stream.send({
			timestampNs: at(1),
			deviceId: "camera",
			sequence: 1n,
			traceparent: `00-${TRACE(4)}-${SPAN}-01`,
			content: tensors,
		});
		await until("the outcome", () => stream.outcomes.length === 1);
		stream.call.end();
		assert.equal(stream.outcomes[0]?.outcome, pb.Outcome.RESULT);
		assert.equal(stream.outcomes[0]?.traceId, TRACE(4));
		const { records } = await explain(TRACE(4));
		const [frame, request] = records;
		assert.deepEqual(
			records.map(({ kind }) => kind),
			["frame", "request"],
		);
		assert.equal(frame?.parentSpanId, SPAN);
		assert.equal(request?.parentSpanId, frame?.spanId);
		assert.equal(request?.traceId, TRACE(4));
		assert.deepEqual(
			frame?.stages.map(({ name }) => name),
			["receive", "queue", "model"],
		);
		assertCovered(request!, [
			"check",
			"queue",
			"gather",
			"run",
			"split",
			"encode",
		]);
		assert.equal(request?.links[0]?.kind, "batch");
		assert.deepEqual(frame?.links, [
			{ traceId: TRACE(3), spanId: SPAN, kind: "stream" },
			request?.links[0],
		]);
		assert.equal(frame?.attributes["stream.name"], "front camera");
		assert.equal(frame?.decisions[0]?.kind, "clock");
	});

	test("that is superseded says by which one", async () => {
		const stream = open("slow");
		for (const n of [1, 2, 3])
			stream.send({
				timestampNs: at(n),
				deviceId: "camera",
				sequence: BigInt(n),
				traceparent: `00-${TRACE(10 + n)}-${SPAN}-01`,
				content: tensors,
			});
		await until("all outcomes", () => stream.outcomes.length === 3);
		stream.call.end();
		const superseded = stream.outcomes.find(
			({ outcome }) => outcome === pb.Outcome.SUPERSEDED,
		);
		assert.equal(superseded?.sequence, 2n);
		const [frame] = (await explain(TRACE(12))).records;
		const decision = frame?.decisions.find(({ kind }) => kind === "superseded");
		assert.equal(decision?.because, "newer-frame");
		assert.match(decision?.text ?? "", /number 3 of camera/);
	});

	test("that misses its deadline is kept with the run that went on without it", async () => {
		const stream = open("slow");
		stream.send({
			timestampNs: at(1),
			deviceId: "camera",
			sequence: 1n,
			deadlineNs: 4_000_000n,
			content: tensors,
		});
		await until("the outcome", () => stream.outcomes.length === 1);
		stream.call.end();
		const [outcome] = stream.outcomes;
		assert.notEqual(outcome?.outcome, pb.Outcome.RESULT);
		assert.match(outcome?.traceId ?? "", /^[0-9a-f]{32}$/);
		const [frame] = (await explain(outcome!.traceId)).records;
		assert.ok(frame?.isMissed);
		await until(
			"its request",
			async () => (await explain(outcome!.traceId)).records.length === 2,
		);
	});
});

describe("what is not there", () => {
	test("is told with what is", async () => {
		const unknown = await get(`/saccade/v1/explain/${TRACE(999)}`);
		assert.equal(unknown.status, 404);
		assert.match(await unknown.text(), /\/saccade\/v1\/traces lists them/);
		assert.equal((await get("/saccade/v1/explain/..%2f")).status, 400);
		assert.equal((await get("/saccade/v1/traces?order=best")).status, 400);
		assert.equal((await get("/saccade/v1/traces?limit=0")).status, 400);
	});
});

test("the metrics of a model show traces of its latency, to who asks for them", async () => {
	await postInfer("quick", { traceparent: `00-${TRACE(5)}-${SPAN}-01` });
	const url = `http://127.0.0.1:${server.metrics.port}/metrics`;
	const open = await fetch(url, {
		headers: { accept: "application/openmetrics-text;version=1.0.0" },
	});
	assert.match(
		open.headers.get("content-type") ?? "",
		/^application\/openmetrics-text; version=1\.0\.0/,
	);
	const line = (await open.text())
		.split("\n")
		.find((one) => one.includes(TRACE(5)));
	assert.match(
		line ?? "",
		/^saccade_stage_duration_seconds_bucket\{model="quick",version="1",stage="request",le="[^"]+"\} \d+ # \{trace_id=/,
	);
	assert.doesNotMatch(await (await fetch(url)).text(), /trace_id/);
});

test("requests that come through a network thread keep their trace", async (t) => {
	const fronted = await startTestServer(repository, "--fronts=1");
	t.after(() => fronted.close());
	const post = (model: string, headers: Record<string, string>) =>
		fetch(`http://127.0.0.1:${fronted.http.port}/v2/models/${model}/infer`, {
			method: "POST",
			headers,
			body: JSON.stringify({
				inputs: [
					{ name: "INPUT0", datatype: "FP32", shape: [1, 1], data: [1] },
				],
			}),
		});
	const explained = async (traceresponse: string | null) => {
		const traceId = traceresponse?.split("-")[1] ?? "";
		const url = `http://127.0.0.1:${fronted.http.port}/saccade/v1/explain/${traceId}`;
		return ((await (await fetch(url)).json()) as TraceExplanation).records[0];
	};
	const answer = await post("quick", {
		traceparent: `00-${TRACE(20)}-${SPAN}-01`,
	});
	const record = await explained(answer.headers.get("traceresponse"));
	assert.equal(record?.traceId, TRACE(20));
	assert.equal(record.parentSpanId, SPAN);
	assert.deepEqual(
		record.stages.map(({ name }) => name).filter((name) => name !== "admit"),
		ALL_STAGES.filter((name) => name !== "admit"),
	);
	const late = await post("slow", { "saccade-deadline-ms": "5" });
	assert.ok([503, 504].includes(late.status));
	assert.ok((await explained(late.headers.get("traceresponse")))?.isMissed);
});

test("trace settings reach network threads, and their counts are one", async (t) => {
	const fronted = await startTestServer(repository, "--fronts=2");
	t.after(() => fronted.close());
	const base = `http://127.0.0.1:${fronted.http.port}/v2`;
	const set = async (scope: string, settings: object) => {
		const answer = await fetch(`${base}${scope}/trace/setting`, {
			method: "POST",
			body: JSON.stringify(settings),
		});
		assert.equal(answer.status, 200, await answer.clone().text());
		return ((await answer.json()) as { trace_count: string }).trace_count;
	};
	/** Each on a connection of its own, which the system gives to one of the threads. */
	const isTraced = async (model: string) => {
		const answer = await fetch(`${base}/models/${model}/infer`, {
			method: "POST",
			headers: { connection: "close" },
			body: JSON.stringify({
				inputs: [
					{ name: "INPUT0", datatype: "FP32", shape: [1, 1], data: [1] },
				],
			}),
		});
		assert.equal(answer.status, 200, await answer.text());
		return answer.headers.get("traceresponse") !== null;
	};
	const tracedOf = async (model: string, count: number) => {
		let traced = 0;
		for (let i = 0; i < count; i++) if (await isTraced(model)) traced++;
		return traced;
	};
	/** Until none is left to be traced. */
	const tracedInAll = async (scope: string) => {
		let traced = 0;
		await until("none is left", async () => {
			traced += await tracedOf("quick", 1);
			return (await set(scope, { log_frequency: "0" })) === "0";
		});
		return traced;
	};
	const ALL = { trace_level: ["TIMESTAMPS"], trace_rate: "1" };
	assert.equal(await tracedOf("quick", 4), 0);
	await set("", { ...ALL, trace_count: "5" });
	assert.equal(await tracedInAll(""), 5);
	assert.equal(await tracedOf("quick", 8), 0);
	await set("/models/quick", { ...ALL, trace_rate: "2", trace_count: "3" });
	assert.equal(await tracedInAll("/models/quick"), 3);
	assert.equal(await tracedOf("quick", 8), 0);
	assert.equal(await tracedOf("slow", 2), 0);
});

test("Triton's trace settings change how much is traced while the server runs", async (t) => {
	const set = async (settings: object) => {
		const answer = await fetch(
			`http://127.0.0.1:${server.http.port}/v2/trace/setting`,
			{ method: "POST", body: JSON.stringify(settings) },
		);
		assert.equal(answer.status, 200);
	};
	t.after(() => set({ trace_level: null, trace_rate: null }));
	const isTraced = async () =>
		(await postInfer("quick", {})).headers.get("traceresponse") !== null;
	assert.equal(await isTraced(), false);
	await set({ trace_level: ["TIMESTAMPS"], trace_rate: "1" });
	assert.equal(await isTraced(), true);
	await set({ trace_level: ["OFF"] });
	assert.equal(await isTraced(), false);
});

describe("Triton's trace settings of a model", () => {
	const TRACE_SETTING = {
		path: "/inference.GRPCInferenceService/TraceSetting",
		request: TraceSettingRequestSchema,
		response: TraceSettingResponseSchema,
	};
	type Settings = Readonly<Record<string, readonly string[]>>;

	/** Both ways in, and what both answer with. */
	const WIRES = {
		http: {
			set: async (settings: Settings) => {
				const answer = await fetch(
					`http://127.0.0.1:${server.http.port}/v2/models/quick/trace/setting`,
					{
						method: "POST",
						body: JSON.stringify(
							Object.fromEntries(
								Object.entries(settings).map(([key, [value = null]]) => [
									key,
									key === "trace_level" && value !== null ? [value] : value,
								]),
							),
						),
					},
				);
				assert.equal(answer.status, 200, await answer.clone().text());
				const told = (await answer.json()) as { trace_count: string };
				return told.trace_count;
			},
			isTraced: async () =>
				(await postInfer("quick", {})).headers.get("traceresponse") !== null,
		},
		grpc: {
			set: async (settings: Settings) => {
				const told = await client.unary(TRACE_SETTING, {
					modelName: "quick",
					settings: Object.fromEntries(
						Object.entries(settings).map(([key, value]) => [
							key,
							{ value: [...value] },
						]),
					),
				});
				return told.settings["trace_count"]?.value[0];
			},
			isTraced: async () => {
				const trailers = Promise.withResolvers<Metadata>();
				await client.unary(
					MODEL_INFER,
					{
						modelName: "quick",
						inputs: [{ name: "INPUT0", datatype: "FP32", shape: [1n, 1n] }],
						rawInputContents: [new Uint8Array(4)],
					},
					{},
					(call) =>
						call.on("status", ({ metadata }) => trailers.resolve(metadata)),
				);
				return (await trailers.promise).get("traceresponse").length > 0;
			},
		},
	} as const;
	const RESET = { trace_level: [], trace_rate: [], trace_count: [] };

	for (const [name, { set, isTraced }] of Object.entries(WIRES))
		test(`say over ${name} how many of its requests are traced, and no others`, async (t) => {
			t.after(() => set(RESET));
			const next = async (count: number) => {
				const traced: boolean[] = [];
				for (let i = 0; i < count; i++) traced.push(await isTraced());
				return traced;
			};
			await set({
				trace_level: ["TIMESTAMPS"],
				trace_rate: ["2"],
				trace_count: ["2"],
			});
			assert.deepEqual(await next(3), [false, true, false]);
			const other = await postInfer("slow", {});
			assert.equal(other.headers.get("traceresponse"), null);
			assert.equal(await set({ log_frequency: ["0"] }), "1");
			assert.deepEqual(await next(4), [true, false, false, false]);
			const own = await postInfer("quick", {
				traceparent: `00-${TRACE(30)}-${SPAN}-01`,
			});
			assert.notEqual(own.headers.get("traceresponse"), null);
			await set({ trace_rate: ["1"], trace_count: ["-1"] });
			assert.deepEqual(await next(1), [true]);
			await set({ trace_level: ["OFF"] });
			assert.deepEqual(await next(2), [false, false]);
			assert.equal(await set(RESET), "-1");
		});

	test("leave a request of each that was traced, with all its stages", async (t) => {
		const { set } = WIRES.http;
		t.after(() => set(RESET));
		await set({ trace_level: ["TIMESTAMPS"], trace_rate: ["1"] });
		const answer = await postInfer("quick", {});
		const traceId = answer.headers.get("traceresponse")?.split("-")[1] ?? "";
		const [record] = (await explain(traceId)).records;
		assert.ok(record?.isSampled);
		// Whose model it is was known after the head.
		assertCovered(record, ["body", ...ALL_STAGES.slice(3)]);
	});
});
