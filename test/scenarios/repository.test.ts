// Loading and unloading over both transports: one story each, because every step changes the server.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { findFixture } from "../../scripts/fixtures/catalogue.ts";
import { MODEL_FILE } from "../../scripts/fixtures/fixture.ts";
import { until } from "../support/until.ts";
import { STATUS, type StatusName } from "./scenario.ts";
import { floats, pair } from "./table/requests.ts";
import {
	comparable,
	type OperationArgs,
	type OperationName,
	operationsOverGrpc,
	operationsOverHttp,
} from "./transports/operations.ts";
import { createWorld, NETWORKS } from "./world.ts";

const ONE_INPUT_MODEL = findFixture("identity_int8").files()[MODEL_FILE];

describe("the model repository", { timeout: 120_000 }, () => {
	for (const { network, options } of NETWORKS)
		for (const name of ["HTTP", "gRPC"] as const)
			test(`loads and unloads over ${name}, ${network}`, async (t) => {
				const world = await createWorld(
					{ after },
					"--model-control-mode=explicit",
					...options,
				);
				t.after(() => world.close());
				const over =
					name === "HTTP"
						? operationsOverHttp(world.http)
						: operationsOverGrpc(world.grpc);

				const answers = async (
					operation: OperationName,
					args: OperationArgs,
					expected: unknown,
				) => {
					const outcome = await over.run(operation, args);
					assert.ok(outcome.ok, outcome.ok ? "" : outcome.text);
					assert.partialDeepStrictEqual(
						comparable(outcome.value),
						comparable(expected),
					);
				};
				const fails = async (
					operation: OperationName,
					args: OperationArgs,
					status: StatusName,
					text: string,
				) => {
					const outcome = await over.run(operation, args);
					assert.ok(!outcome.ok, "it was answered");
					assert.ok(outcome.text.includes(text), outcome.text);
					assert.equal(
						outcome.status,
						name === "HTTP" ? STATUS[status].http : STATUS[status].grpc,
						outcome.text,
					);
				};
				const entriesOf = async (model: string) => {
					const outcome = await over.run("index", {});
					assert.ok(outcome.ok);
					const entries = outcome.value as { name: string; state?: string }[];
					return entries.filter((entry) => entry.name === model);
				};

				await t.test(
					"a model that loads is not ready, which is not absent",
					async () => {
						const model = "slow_to_load";
						const loading = over.run("load", { model });
						await until("the load has begun", async () => {
							const [entry] = await entriesOf(model);
							return entry?.state === "LOADING";
						});
						const text = `Request for unknown model: '${model}' version 1 is not at ready state`;
						for (const version of [undefined, "1"]) {
							const args = { model, ...(version !== undefined && { version }) };
							for (const operation of ["modelMetadata", "modelConfig"] as const)
								await fails(operation, args, "unavailable", text);
							// gRPC's clients expect "false", and no error.
							if (name === "HTTP")
								await fails("modelReady", args, "unavailable", text);
							else await answers("modelReady", args, { ready: false });
						}
						for (const transport of world.transports) {
							const outcome = await transport.infer({
								model,
								inputs: [floats([1])],
							});
							assert.ok(!outcome.ok && outcome.text.includes(text));
						}
						// The first load of a model makes the server unready meanwhile.
						if (name === "gRPC") await answers("ready", {}, { ready: false });
						assert.ok((await loading).ok);
						await answers("modelReady", { model }, { ready: true });
						await answers("unload", { model }, {});
					},
				);
				await t.test(
					"what was never loaded is a name in the index",
					async () => {
						const [entry] = await entriesOf("simple");
						assert.ok(entry?.state === undefined || entry.state === "");
						await answers("index", { readyOnly: true }, []);
						await answers("ready", {}, { ready: true });
					},
				);
				await t.test("a model that is loaded serves", async () => {
					await answers("load", { model: "simple" }, {});
					await answers("modelReady", { model: "simple" }, { ready: true });
					const [entry] = await entriesOf("simple");
					assert.partialDeepStrictEqual(entry, {
						version: "1",
						state: "READY",
					});
				});
				await t.test("numbers of an override may be strings", async () => {
					const config = JSON.stringify({
						max_batch_size: "16",
						backend: "onnxruntime",
					});
					await answers("load", { model: "simple", load: { config } }, {});
					await answers(
						"modelConfig",
						{ model: "simple" },
						{ max_batch_size: 16 },
					);
				});
				await t.test(
					"a configuration that was read can be given back",
					async () => {
						const outcome = await over.run("modelConfig", { model: "simple" });
						assert.ok(outcome.ok);
						const config = JSON.stringify(outcome.value);
						await answers("load", { model: "simple", load: { config } }, {});
						await answers(
							"modelConfig",
							{ model: "simple" },
							{ max_batch_size: 16 },
						);
					},
				);
				await t.test("a model that is nowhere", () =>
					fails(
						"load",
						{ model: "nope" },
						"internal",
						"failed to load 'nope', failed to poll from model repository",
					),
				);
				await t.test("a configuration that is no configuration", () =>
					fails(
						"load",
						{ model: "simple", load: { config: "{nonsense" } },
						"internal",
						"failed to load 'simple'",
					),
				);
				await t.test("the model in service outlives a failed load", () =>
					answers("modelReady", { model: "simple" }, { ready: true }),
				);
				await t.test("a file that is no model", () =>
					fails(
						"load",
						{ model: "not_a_model" },
						"invalid",
						"load failed for model 'not_a_model': version 1 is at UNAVAILABLE state: ",
					),
				);
				await t.test("files without a configuration", () =>
					fails(
						"load",
						{
							model: "simple",
							load: { "file:1/model.onnx": Uint8Array.of(1) },
						},
						"internal",
						"Load parameter 'config' must be specified for model file override",
					),
				);
				await t.test(
					"files with a configuration serve from memory",
					async () => {
						assert.ok(ONE_INPUT_MODEL instanceof Uint8Array);
						await answers(
							"load",
							{
								model: "from_memory",
								load: {
									config: '{"backend":"onnxruntime"}',
									"file:1/model.onnx": ONE_INPUT_MODEL,
								},
							},
							{},
						);
						await answers(
							"modelMetadata",
							{ model: "from_memory" },
							{ inputs: [{ name: "INPUT0", datatype: "INT8" }] },
						);
						await answers("unload", { model: "from_memory" }, {});
					},
				);
				for (const path of [
					"../../etc/passwd",
					"1/../../../x",
					"/etc/passwd",
					`1/${"x".repeat(256)}`,
					"1/a\0b",
				])
					await t.test(
						`a file override of ${JSON.stringify(path.slice(0, 30))} stays outside`,
						() =>
							fails(
								"load",
								{
									model: "escape",
									load: {
										config: '{"backend":"onnxruntime"}',
										[`file:${path}`]: Uint8Array.of(1),
									},
								},
								"internal",
								"failed to load 'escape'",
							),
					);
				for (const model of ["../escape", "..", "a/../../escape"])
					await t.test(
						`files of a model called ${JSON.stringify(model)} stay outside`,
						async () => {
							await fails(
								"load",
								{
									// An encoded slash is part of a name.
									model: name === "HTTP" ? encodeURIComponent(model) : model,
									load: {
										config: '{"backend":"onnxruntime"}',
										"file:1/model.onnx": Uint8Array.of(1),
									},
								},
								"internal",
								"is no model name",
							);
							for (const parent of [tmpdir(), dirname(tmpdir())])
								assert.equal(existsSync(join(parent, "escape")), false);
						},
					);
				await t.test("a load parameter that does not exist", () =>
					fails(
						"load",
						{ model: "simple", load: { colour: "red" } },
						"invalid",
						"unrecognized load parameter 'colour'.",
					),
				);
				await t.test("a load parameter of the wrong type", () =>
					fails(
						"load",
						{ model: "simple", load: { config: true } },
						"invalid",
						"invalid value type for load parameter 'config', expected string",
					),
				);
				for (const operation of ["load", "unload"] as const)
					await t.test(
						`${operation} in one of several repositories is not offered`,
						() =>
							fails(
								operation,
								{ model: "simple", repository: "first" },
								"unsupported",
								"'repository_name' specification is not supported",
							),
					);
				await t.test("a model that is unloaded is gone", async () => {
					await answers("unload", { model: "simple" }, {});
					const [entry] = await entriesOf("simple");
					assert.partialDeepStrictEqual(entry, {
						state: "UNAVAILABLE",
						reason: "unloaded",
					});
					for (const transport of world.transports) {
						const outcome = await transport.infer({
							model: "simple",
							inputs: pair(),
						});
						assert.ok(!outcome.ok);
						assert.equal(
							outcome.text,
							"Request for unknown model: 'simple' has no available versions",
						);
					}
				});
				await t.test("and can be loaded again", async () => {
					await answers("load", { model: "simple" }, {});
					await answers(
						"modelConfig",
						{ model: "simple" },
						{ max_batch_size: 8 },
					);
				});
				await t.test("unloading what is nowhere", () =>
					fails(
						"unload",
						{ model: "nope" },
						"invalid",
						"failed to unload 'nope'",
					),
				);
			});
});
