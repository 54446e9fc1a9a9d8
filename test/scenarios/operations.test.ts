// The table of the other operations over both transports, and what inference leaves in the statistics.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { STATUS } from "./scenario.ts";
import {
	OPERATION_SCENARIOS,
	type OperationScenario,
} from "./table/operations.ts";
import { pair } from "./table/requests.ts";
import {
	comparable,
	type OperationOutcome,
	type OperationTransport,
	operationsOverGrpc,
	operationsOverHttp,
} from "./transports/operations.ts";
import { createWorld, NETWORKS, type World } from "./world.ts";

for (const { network, options } of NETWORKS)
	describe(`operations, ${network}`, { timeout: 120_000 }, () => {
		let world: World;
		before(async () => {
			world = await createWorld({ after }, ...options);
		});
		after(() => world.close());

		for (const name of ["HTTP", "gRPC"] as const)
			describe(`over ${name}`, () => {
				const over = (): OperationTransport =>
					name === "HTTP"
						? operationsOverHttp(world.http)
						: operationsOverGrpc(world.grpc);

				for (const scenario of OPERATION_SCENARIOS)
					test(scenario.name, async () => {
						const { operation, args = {} } = scenario;
						assertOutcome(scenario, name, await over().run(operation, args));
					});

				test("the server is not ready while a model failed to load", async () => {
					const outcome = await over().run("ready", {});
					if (outcome.ok) assert.deepEqual(outcome.value, { ready: false });
					else assert.equal(outcome.status, 400);
				});

				test("statistics count requests, rows and runs, with every key", async () => {
					const before = await statisticsOf(over());
					for (const transport of world.transports)
						await transport.infer({ model: "simple", inputs: pair(2) });
					const wrong = { model: "simple", inputs: pair(9) };
					for (const transport of world.transports)
						await transport.infer(wrong);
					const after = await statisticsOf(over());
					const asked = world.transports.length;
					const grown = (read: (of: Statistics) => unknown) =>
						Number(read(after)) - Number(read(before));
					assert.equal(
						grown((of) => of.inference_count),
						2 * asked,
					);
					assert.equal(
						grown((of) => of.execution_count),
						asked,
					);
					assert.equal(
						grown((of) => of.inference_stats["success"]?.count),
						asked,
					);
					assert.ok(Number(after.last_inference) > Date.now() - 60_000);
					assert.deepEqual(Object.keys(after.inference_stats), [
						"success",
						"fail",
						"queue",
						"compute_input",
						"compute_infer",
						"compute_output",
						"cache_hit",
						"cache_miss",
					]);
					const sizes = after.batch_stats.map((batch) =>
						Number(batch.batch_size),
					);
					assert.ok(sizes.includes(2), `batch sizes ${sizes}`);
				});

				test("the index lists every model, with the reason of what is not served", async () => {
					const outcome = await over().run("index", {});
					assert.ok(outcome.ok);
					const entries = outcome.value as IndexEntry[];
					assert.partialDeepStrictEqual(
						entries.filter(({ name }) => name === "twice"),
						[
							{ name: "twice", version: "1", state: "READY" },
							{ name: "twice", version: "3", state: "READY" },
						],
					);
					const broken = entries.find(({ name }) => name === "not_a_model");
					assert.equal(broken?.state, "UNAVAILABLE");
					assert.ok((broken?.reason ?? "").length > 0);
					const ready = await over().run("index", { readyOnly: true });
					assert.ok(ready.ok);
					assert.deepEqual(
						new Set((ready.value as IndexEntry[]).map(({ state }) => state)),
						new Set(["READY"]),
					);
				});
			});
	});

interface Statistics {
	readonly inference_count: number | string;
	readonly execution_count: number | string;
	readonly last_inference: number | string;
	readonly inference_stats: Readonly<
		Record<string, { readonly count: number | string }>
	>;
	readonly batch_stats: readonly { readonly batch_size: number | string }[];
}

interface IndexEntry {
	readonly name: string;
	readonly version?: string;
	readonly state?: string;
	readonly reason?: string;
}

async function statisticsOf(over: OperationTransport): Promise<Statistics> {
	const outcome = await over.run("statistics", { model: "simple" });
	assert.ok(outcome.ok);
	const { model_stats } = outcome.value as { model_stats: Statistics[] };
	assert.equal(model_stats.length, 1);
	return model_stats[0]!;
}

function assertOutcome(
	{ answers, fails, grpcAnswers }: OperationScenario,
	name: "HTTP" | "gRPC",
	outcome: OperationOutcome,
): void {
	const expected =
		name === "gRPC" && grpcAnswers !== undefined ? grpcAnswers : answers;
	if (expected !== undefined) {
		assert.ok(outcome.ok, outcome.ok ? "" : outcome.text);
		assert.partialDeepStrictEqual(
			comparable(outcome.value),
			comparable(expected),
		);
		return;
	}
	assert.ok(fails !== undefined);
	assert.ok(!outcome.ok, "it was answered");
	assert.ok(outcome.text.includes(fails.text), outcome.text);
	const status = STATUS[fails.status];
	assert.equal(outcome.status, name === "HTTP" ? status.http : status.grpc);
}
