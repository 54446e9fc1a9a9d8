// What a page of a stranger may try against a server on this machine, and what a caller without the admin token may.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { HttpClient } from "../scenarios/transports/http.ts";
import {
	type OperationArgs,
	type OperationName,
	operationsOverGrpc,
	operationsOverHttp,
} from "../scenarios/transports/operations.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const TOKEN = "correct-horse-battery-staple";
const FOREIGN = "https://evil.example";

/** Every route that changes something or takes work, with a body that would do so. */
const CHANGING: readonly (readonly [path: string, body: string])[] = [
	["/v2/models/simple/infer", '{"inputs":[]}'],
	["/v2/models/simple/generate", "{}"],
	["/v2/models/simple/generate_stream", "{}"],
	["/v2/repository/index", "{}"],
	["/v2/repository/models/simple/load", "{}"],
	["/v2/repository/models/simple/unload", "{}"],
	["/v2/logging", '{"log_verbose_level":9}'],
	["/v2/trace/setting", '{"trace_rate":"1"}'],
	["/v2/models/simple/trace/setting", '{"trace_rate":"1"}'],
	["/v2/systemsharedmemory/region/r/register", "{}"],
	["/v2/systemsharedmemory/unregister", ""],
];
const READING = [
	"/v2",
	"/v2/health/live",
	"/v2/models/simple",
	"/v2/models/simple/config",
	"/v2/models/stats",
	"/v2/logging",
];

describe("a stranger's page", { timeout: 60_000 }, () => {
	let server: TestServer;
	let client: HttpClient;
	before(async () => {
		const repository = makeModelRepository({ after }, "simple");
		server = await startTestServer(
			repository,
			"--model-control-mode=explicit",
			"--load-model=simple",
			"--allowed-origins=https://console.example",
			"--allowed-hosts=robot.local",
		);
		client = new HttpClient(server.http);
	});
	after(async () => {
		client.close();
		await server.close();
	});

	test("that made its own name point here reads nothing and changes nothing", async () => {
		for (const path of [...READING, ...CHANGING.map(([route]) => route)]) {
			const isReading = READING.includes(path);
			const answer = await client.ask({
				path,
				headers: { host: "evil.example:8000" },
				...(isReading ? {} : { body: "{}" }),
			});
			assert.equal(answer.status, 403, path);
			assert.match(answer.body.toString(), /^{"error":"host 'evil.example'/);
		}
		await assertUnchanged();
	});

	for (const [path, body] of CHANGING)
		test(`posts to ${path} in vain, whatever content type it claims`, async () => {
			for (const type of [
				"text/plain",
				"application/json",
				"application/x-www-form-urlencoded",
				"multipart/form-data",
			])
				for (const origin of [FOREIGN, "null", "http://localhost:1"]) {
					const answer = await client.ask({
						path,
						method: "POST",
						body,
						headers: { origin, host: "localhost:8000", "content-type": type },
					});
					assert.equal(answer.status, 403, `${origin} ${type}`);
					assert.match(answer.body.toString(), /may not change this server/);
				}
			await assertUnchanged();
		});

	test("is given no permission by a preflight", async () => {
		for (const [path] of CHANGING) {
			const answer = await client.ask({
				path,
				method: "OPTIONS",
				headers: {
					origin: FOREIGN,
					"access-control-request-method": "POST",
					"access-control-request-headers": "content-type",
				},
			});
			assert.ok(answer.status >= 400, `${path} ${answer.status}`);
			assertNoCors(answer.headers);
		}
	});

	test("may send what changes nothing, and no browser lets it read the answer", async () => {
		for (const path of READING) {
			const answer = await client.ask({ path, headers: { origin: FOREIGN } });
			assert.equal(answer.status, 200, path);
			assertNoCors(answer.headers);
		}
	});

	test("of an allowed origin, or under an allowed host, may do its work", async () => {
		for (const headers of [
			{ origin: "https://console.example" },
			{ host: "robot.local:8000", origin: "http://robot.local:8000" },
			{},
		]) {
			const answer = await client.ask({
				path: "/v2/repository/index",
				body: "{}",
				headers,
			});
			assert.equal(answer.status, 200, JSON.stringify(headers));
			assertNoCors(answer.headers);
		}
	});

	async function assertUnchanged(): Promise<void> {
		const over = operationsOverHttp(client);
		const log = await over.run("logging", {});
		assert.ok(log.ok);
		assert.partialDeepStrictEqual(log.value, { log_verbose_level: 0 });
		const trace = await over.run("trace", { model: "simple" });
		assert.ok(trace.ok);
		assert.partialDeepStrictEqual(trace.value, { trace_rate: "1000" });
		assert.ok((await over.run("modelReady", { model: "simple" })).ok);
	}
});

function assertNoCors(headers: object): void {
	const names = Object.keys(headers).filter((name) =>
		name.startsWith("access-control-"),
	);
	assert.deepEqual(names, []);
}

describe("without the admin token", { timeout: 60_000 }, () => {
	let server: TestServer;
	let http: HttpClient;
	let grpc: TestClient;
	before(async () => {
		const repository = makeModelRepository({ after }, "simple");
		const file = join(repository, "token");
		writeFileSync(file, `${TOKEN}\n`);
		server = await startTestServer(
			repository,
			"--model-control-mode=explicit",
			"--load-model=simple",
			`--admin-token-file=${file}`,
		);
		http = new HttpClient(server.http);
		grpc = new TestClient(server.grpcAddress);
	});
	after(async () => {
		http.close();
		grpc.close();
		await server.close();
	});

	const guarded: readonly (readonly [OperationName, OperationArgs])[] = [
		["load", { model: "simple" }],
		["unload", { model: "nope" }],
		["trace", { settings: { trace_rate: "1" } }],
		["logging", { settings: { log_verbose_level: 1 } }],
		["systemRegister", { region: "r" }],
		["systemUnregister", {}],
		["cudaRegister", { region: "r" }],
		["cudaUnregister", {}],
	];
	const open: readonly (readonly [OperationName, OperationArgs])[] = [
		["live", {}],
		["ready", {}],
		["modelReady", { model: "simple" }],
		["serverMetadata", {}],
		["modelMetadata", { model: "simple" }],
		["modelConfig", { model: "simple" }],
		["statistics", {}],
		["index", {}],
		["trace", {}],
		["logging", {}],
		["systemStatus", {}],
	];

	for (const name of ["HTTP", "gRPC"] as const) {
		const over = () =>
			name === "HTTP" ? operationsOverHttp(http) : operationsOverGrpc(grpc);

		for (const [operation, args] of guarded)
			test(`${operation} over ${name} is refused, with a wrong token too`, async () => {
				for (const token of [
					undefined,
					"wrong",
					TOKEN.slice(0, -1),
					`${TOKEN}x`,
					TOKEN.toUpperCase(),
				]) {
					const outcome = await over().run(operation, {
						...args,
						...(token !== undefined && { token }),
					});
					assert.ok(!outcome.ok, `${token} was let in`);
					assert.equal(outcome.status, name === "HTTP" ? 401 : 16);
					assert.match(outcome.text, /needs the admin token/);
					assert.ok(!outcome.text.includes(TOKEN));
				}
			});

		test(`what only reads is open over ${name}`, async () => {
			for (const [operation, args] of open) {
				const outcome = await over().run(operation, args);
				assert.ok(
					outcome.ok,
					`${operation}: ${outcome.ok ? "" : outcome.text}`,
				);
			}
		});

		test(`the token opens what is guarded over ${name}`, async () => {
			for (const [operation, args] of guarded) {
				const outcome = await over().run(operation, { ...args, token: TOKEN });
				if (!outcome.ok)
					assert.notEqual(
						outcome.status,
						name === "HTTP" ? 401 : 16,
						operation,
					);
			}
		});
	}

	test("HTTP says how to authenticate", async () => {
		const answer = await http.ask({
			path: "/v2/repository/models/simple/load",
			body: "{}",
		});
		assert.equal(answer.headers["www-authenticate"], "Bearer");
	});
});
