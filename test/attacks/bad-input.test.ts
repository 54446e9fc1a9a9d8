// Attacks on the shipped server in a process of its own. Beside each a well-behaved client asks on: all its requests
// are answered, none waits long, memory stays within bounds, and the process lives.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import {
	type RunningServer,
	startServer,
} from "../../bench/lib/server-process.ts";
import {
	errorOf,
	RawConnection,
	requestText,
} from "../../packages/server/src/transport/http/test-support/raw-connection.ts";
import type { ScenarioRequest } from "../scenarios/scenario.ts";
import { floats, input, pair } from "../scenarios/table/requests.ts";
import { ModelInfer, toMessage } from "../scenarios/transports/grpc.ts";
import { HttpClient, toOutcome } from "../scenarios/transports/http.ts";
import { frame, GrpcWire } from "../support/grpc-wire.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startBystander } from "./bystander.ts";

const MIB = 1024 * 1024;
/** A noisy machine adds much; a request that waits for an attack to end would take longer. */
const NOT_DELAYED_MS = 3000;
const BODY_BUDGET_BYTES = 64 * MIB;
/** Bodies over each transport, slots kept for reuse, answers that nobody reads; the rest is the heap's. */
const GROWTH_BYTES = 2 * BODY_BUDGET_BYTES + (64 + 256 + 256) * MIB;
const INFER = "POST /v2/models/simple/infer";
const LOAD = "POST /v2/repository/models/simple/load";
const HTTP_TIMEOUT_MS = 1000;

const LIMITS = [
	`--body-budget=${BODY_BUDGET_BYTES}`,
	"--http-max-input-size=8388608",
	"--grpc-max-message-size=16777216",
	`--http-head-timeout=${HTTP_TIMEOUT_MS}`,
	`--http-request-timeout=${2 * HTTP_TIMEOUT_MS}`,
	`--http-write-timeout=${HTTP_TIMEOUT_MS}`,
];

describe("bad input", { timeout: 300_000 }, () => {
	let server: RunningServer;
	let http: HttpClient;
	let residentBytes = 0;
	const raws: RawConnection[] = [];
	const wires: GrpcWire[] = [];

	before(async () => {
		const repository = makeModelRepository(
			{ after },
			"simple",
			"identity_fp32",
			"identity_bytes",
		);
		server = await startServer([repository], LIMITS);
		http = new HttpClient({
			address: "127.0.0.1",
			port: server.httpPort,
			family: "IPv4",
		});
		residentBytes = await resident();
	});
	after(async () => {
		http?.close();
		assert.equal(await server?.stop(), 0, "exit code");
	});

	const connect = () => {
		const connection = new RawConnection(server.httpPort);
		raws.push(connection);
		return connection;
	};
	const dial = () => {
		const wire = new GrpcWire(`127.0.0.1:${server.grpcPort}`);
		wires.push(wire);
		return wire;
	};
	const resident = async () => {
		const url = `http://127.0.0.1:${server.metricsPort}/metrics`;
		const text = await (await fetch(url)).text();
		const value = /^saccade_resident_memory_bytes (\S+)$/m.exec(text)?.[1];
		assert.ok(value !== undefined);
		return Number(value);
	};

	function attack(name: string, run: () => Promise<void>): void {
		test(name, { timeout: 60_000 }, async (t) => {
			const bystander = startBystander(server.httpPort, server.grpcPort);
			try {
				await bystander.answered(30);
				await run();
				await bystander.answered(30);
			} finally {
				const { askedCount, slowestMs } = await bystander.stop();
				t.diagnostic(
					`${askedCount} requests beside it, slowest ${slowestMs.toFixed(0)} ms`,
				);
				for (const connection of raws.splice(0)) connection.destroy();
				for (const wire of wires.splice(0)) wire.close();
				assert.ok(
					slowestMs < NOT_DELAYED_MS,
					`a bystander waited ${slowestMs} ms`,
				);
			}
			const grown = (await resident()) - residentBytes;
			t.diagnostic(`memory grew by ${(grown / MIB).toFixed(0)} MiB`);
			assert.ok(grown < GROWTH_BYTES, `memory grew by ${grown / MIB} MiB`);
		});
	}

	const post = async (
		body: Uint8Array | string,
		headers: Record<string, string> = {},
	) => {
		const answer = await http.ask({
			path: "/v2/models/simple/infer",
			body,
			headers,
		});
		const outcome = toOutcome(answer);
		assert.ok(!outcome.ok, "it was answered");
		return { status: answer.status, text: outcome.text };
	};
	const inferOverGrpc = (wire: GrpcWire, body: Uint8Array, headers = {}) =>
		wire.call(ModelInfer.path, body, headers);

	attack("bodies that are cut off", async () => {
		const whole = requestText(
			INFER,
			JSON.stringify({ inputs: [], pad: "x".repeat(100_000) }),
		);
		await Promise.all(
			Array.from({ length: 300 }, async (_, i) => {
				const connection = connect();
				await connection.write(whole.slice(0, (whole.length * i) / 300));
				connection.destroy();
			}),
		);
	});

	attack("HTTP lengths that are announced and never sent", async () => {
		const connections = Array.from({ length: 100 }, connect);
		for (const connection of connections)
			await connection.write(
				`${requestText(INFER, "", [`Content-Length: ${60 * MIB}`])}{"`,
			);
		for (const connection of connections)
			assert.equal((await connection.response())?.status, 408);
	});

	attack("gRPC lengths that are announced and never sent", async () => {
		const liar = frame(messageOf({ model: "simple", inputs: pair() }));
		liar.writeUInt32BE(15 * MIB, 1);
		const padded = Buffer.concat([liar, Buffer.alloc(2048)]);
		for (let i = 0; i < 50; i++) {
			const reply = await inferOverGrpc(dial(), padded);
			assert.notEqual(reply.status, 0);
		}
	});

	attack("gRPC lengths beyond the limit", async () => {
		const liar = frame(new Uint8Array(64));
		for (const length of [17 * MIB, 0x7fff_ffff, 0xffff_ffff]) {
			liar.writeUInt32BE(length, 1);
			const reply = await inferOverGrpc(dial(), liar);
			assert.equal(reply.status, 8, reply.message);
		}
	});

	attack("loads with a body of 10 GB: refused at the head", async () => {
		for (const lines of [
			["Content-Length: 10737418240"],
			["Content-Length: 10737418240", "Expect: 100-continue"],
		]) {
			const connection = connect();
			await connection.write(requestText(LOAD, "", lines));
			const response = await connection.response();
			assert.equal(response?.status, 400, String(response?.body));
			assert.match(
				errorOf(response),
				/10737418240 bytes exceeds .* Use --body-budget/,
			);
		}
		// Without a length it is refused as soon as it is too much.
		const chunk = `100000\r\n${"x".repeat(MIB)}\r\n`;
		const connection = connect();
		await connection.write(
			requestText(LOAD, "", ["Transfer-Encoding: chunked"]),
		);
		for (let sent = 0; sent < 32; sent++)
			await connection.write(chunk).catch(() => {});
		assert.equal((await connection.response())?.status, 400);
		// A message of gRPC has at most 4 GiB.
		const liar = frame(new Uint8Array(64));
		liar.writeUInt32BE(0xffff_ffff, 1);
		const reply = await dial().call(
			"/inference.GRPCInferenceService/RepositoryModelLoad",
			liar,
		);
		assert.equal(reply.status, 8, reply.message);
	});

	attack("huge shapes", async () => {
		const shapes = [
			[1, 2 ** 40],
			[2 ** 52, 2 ** 52],
			[1, 2 ** 62],
			Array(64).fill(2 ** 30),
			Array(1000).fill(1),
		];
		const wire = dial();
		for (const shape of shapes) {
			const json = {
				inputs: [{ name: "INPUT0", datatype: "INT32", shape, data: [1] }],
			};
			const { status, text } = await post(JSON.stringify(json));
			assert.equal(status, 400, text);
			const request = {
				model: "identity_fp32",
				inputs: [floats([1], { shape })],
			};
			const reply = await inferOverGrpc(wire, frame(messageOf(request)));
			assert.equal(reply.status, 3, reply.message);
		}
	});

	attack("deep and broken JSON", async () => {
		for (const open of ["[", '{"inputs":[', '{"a":', "[[],"])
			for (const depth of [101, 100_000, 1_000_000]) {
				const { status, text } = await post(open.repeat(depth));
				assert.equal(status, 400);
				assert.match(
					text,
					/JSON nesting depth exceeds maximum allowed limit \(100\)|exceeds the maximum allowed input/,
				);
			}
		for (const broken of [
			"",
			"{",
			"}",
			'{"inputs"',
			"nul",
			"\0",
			"\ufeff{}",
			'"\ud800"',
			"1e999",
			"-",
			'{"inputs":[{]}',
		])
			assert.equal((await post(broken)).status, 400, broken);
		const large = `{"inputs":[${"1,".repeat(3 * MIB)}`;
		assert.equal((await post(large)).status, 400);
	});

	attack("large JSON tensors", async () => {
		const data = `[${"1234567,".repeat(900_000)}1]`;
		const json = `{"inputs":[{"name":"INPUT0","datatype":"INT32","shape":[900001],"data":${data}}]}`;
		for (let i = 0; i < 5; i++) assert.equal((await post(json)).status, 400);
	});

	attack("compression bombs over HTTP", async () => {
		const bomb = gzipSync(Buffer.alloc(200 * MIB));
		await Promise.all(
			Array.from({ length: 20 }, async () => {
				const { status, text } = await post(bomb, {
					"content-encoding": "gzip",
				});
				assert.ok(status === 400 || status === 503, text);
				assert.match(
					text,
					/exceeds the maximum allowed input size|memory for request bodies/,
				);
			}),
		);
	});

	attack("compression bombs over gRPC", async () => {
		const bomb = frame(gzipSync(Buffer.alloc(200 * MIB)), 1);
		const headers = { "grpc-encoding": "gzip" };
		const wire = dial();
		const replies = await Promise.all(
			Array.from({ length: 20 }, () => inferOverGrpc(wire, bomb, headers)),
		);
		for (const reply of replies) assert.equal(reply.status, 8, reply.message);
	});

	attack("malformed protobuf, on every method", async () => {
		const wire = dial();
		const broken = [
			Uint8Array.of(0xff),
			Uint8Array.of(0x0a, 0x05, 0x61),
			Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f),
			Uint8Array.of(0x07),
			new Uint8Array(1000).fill(0x80),
		];
		for (const method of [
			"ModelInfer",
			"ModelMetadata",
			"ModelConfig",
			"ModelStatistics",
			"RepositoryIndex",
			"RepositoryModelLoad",
			"TraceSetting",
			"LogSettings",
			"CudaSharedMemoryRegister",
		])
			for (const bytes of broken) {
				const reply = await wire.call(
					`/inference.GRPCInferenceService/${method}`,
					frame(bytes),
				);
				assert.equal(reply.status, 3, `${method}: ${reply.message}`);
			}
	});

	attack("wrong content types", async () => {
		const wire = dial();
		for (const type of [
			"application/json",
			"text/plain",
			"application/grpc-web",
			"",
		]) {
			const reply = await inferOverGrpc(wire, frame(new Uint8Array(0)), {
				"content-type": type,
			});
			assert.equal(reply.httpStatus, 415, type);
		}
		// HTTP takes the body for what it is, as Triton does.
		for (const type of ["text/html", "application/x-protobuf", "nonsense"])
			assert.match(
				(await post("<html>", { "content-type": type })).text,
				/failed to parse/,
			);
	});

	attack("models and versions that are not here", async () => {
		const wire = dial();
		for (let i = 0; i < 500; i++) {
			const model = `absent-${i}-${"x".repeat(i)}`;
			const answer = await http.ask({
				path: `/v2/models/${model}/infer`,
				body: "{}",
			});
			assert.equal(answer.status, 404);
			const reply = await inferOverGrpc(
				wire,
				frame(messageOf({ model, inputs: pair() })),
			);
			assert.equal(reply.status, 5, reply.message);
		}
		const version = "9".repeat(100);
		const answer = await http.ask({
			path: `/v2/models/simple/versions/${version}/infer`,
			body: "{}",
		});
		assert.equal(answer.status, 400);
	});

	attack("10,000 headers", async () => {
		const lines = Array.from({ length: 10_000 }, (_, i) => `h${i}: v`);
		const connection = connect();
		await connection.write(requestText("/v2", "", lines));
		const response = await connection.response();
		assert.equal(response?.status, 431);
		assert.notEqual(errorOf(response), "");
		const headers = Object.fromEntries(lines.map((_, i) => [`h${i}`, "v"]));
		const reply = await inferOverGrpc(
			dial(),
			frame(new Uint8Array(0)),
			headers,
		).catch(() => null);
		assert.notEqual(reply?.status, 0);
	});

	attack("senders that drip", async () => {
		const connections = Array.from({ length: 100 }, connect);
		for (const [i, connection] of connections.entries())
			await connection.write(
				i % 2 === 0
					? "GET /v2 HTTP/1.1\r\nHost: localhost\r\nx"
					: requestText(INFER, "", ["Content-Length: 100000"]),
			);
		const drip = setInterval(() => {
			for (const connection of connections) void connection.write("x");
		}, 50);
		try {
			for (const connection of connections)
				assert.equal((await connection.response())?.status, 408);
		} finally {
			clearInterval(drip);
		}
	});

	attack("readers that do not read", async () => {
		const values = Buffer.alloc(4 * MIB);
		const json = JSON.stringify({
			parameters: { binary_data_output: true },
			inputs: [
				{
					name: "INPUT0",
					datatype: "FP32",
					shape: [1, MIB],
					parameters: { binary_data_size: values.byteLength },
				},
			],
		});
		const head = requestText("POST /v2/models/identity_fp32/infer", "", [
			`Inference-Header-Content-Length: ${json.length}`,
			`Content-Length: ${json.length + values.byteLength}`,
		]);
		await Promise.all(
			Array.from({ length: 20 }, async () => {
				const connection = connect();
				connection.pause();
				await connection.write(head + json);
				await connection.write(values);
				// Whoever does not read learns only by writing that it was cut off.
				const drip = setInterval(() => void connection.write("G"), 100);
				await connection.closed();
				clearInterval(drip);
			}),
		);
	});

	attack("clients that leave a gRPC call in its middle", async () => {
		const whole = frame(
			messageOf({
				model: "identity_fp32",
				inputs: [floats(Array(100_000).fill(1))],
			}),
		);
		for (let i = 0; i < 50; i++) {
			const wire = new GrpcWire(`127.0.0.1:${server.grpcPort}`);
			const call = inferOverGrpc(
				wire,
				whole.subarray(0, (whole.byteLength * i) / 50),
			).catch(() => null);
			await delay(1);
			wire.close();
			await call;
		}
	});

	attack("strings that lie about their lengths", async () => {
		const wire = dial();
		for (const bytes of [
			Uint8Array.of(255, 255, 255, 255),
			Uint8Array.of(1),
			new Uint8Array(4 * 100_000),
			Uint8Array.of(0, 0, 0, 128, 1),
		]) {
			const request = {
				model: "identity_bytes",
				inputs: [input("INPUT0", "BYTES", [1, 1], [], { bytes })],
			};
			const reply = await inferOverGrpc(wire, frame(messageOf(request)));
			assert.equal(reply.status, 3, reply.message);
		}
	});
});

function messageOf(request: ScenarioRequest): Uint8Array {
	return toBinary(
		ModelInferRequestSchema,
		create(ModelInferRequestSchema, toMessage(request, "raw")),
	);
}
