// Models for which padding is exact, with buckets and without: whatever the mixture of shapes, the answers are the same.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { scrape, seriesValue } from "../../bench/lib/scrape.ts";
import { mulberry32 } from "../../bench/lib/stats.ts";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import type {
	Answer,
	ScenarioInput,
	ScenarioTransport,
} from "../scenarios/scenario.ts";
import { createUnaryTransport } from "../scenarios/transports/grpc.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const REQUESTS = 120;

for (const policy of ["deadline", "triton"])
	describe(`shape buckets, policy ${policy}`, { timeout: 60_000 }, () => {
		let server: TestServer;
		let client: TestClient;
		let transport: ScenarioTransport;
		const random = mulberry32(17);
		const upTo = (most: number) => 1 + Math.floor(random() * most);
		const tensor = (name: string, shape: number[]): ScenarioInput => ({
			name,
			dtype: "FP32",
			shape,
			values: Array.from(
				{ length: shape.reduce((a, b) => a * b, 1) },
				() => upTo(41) - 21,
			),
		});

		before(async () => {
			const repository = makeModelRepository(
				{ after },
				"edges",
				"plain_edges",
				"longest",
				"plain_longest",
			);
			server = await startTestServer(
				repository,
				`--scheduling-policy=${policy}`,
			);
			client = new TestClient(server.grpcAddress);
			transport = createUnaryTransport(client, "raw");
		});
		after(async () => {
			client.close();
			await server.close();
		});

		async function ask(model: string, inputs: readonly ScenarioInput[]) {
			const outcome = await transport.infer({ model, inputs });
			assert.ok(outcome.ok, outcome.ok ? "" : outcome.text);
			return outcome.answer.outputs satisfies Answer["outputs"];
		}

		for (const [model, inputsOf] of [
			["edges", () => [tensor("image", [upTo(2), 1, upTo(12), upTo(16)])]],
			[
				"longest",
				() => {
					const shape = [upTo(2), upTo(64)];
					return [tensor("values", shape), tensor("others", shape)];
				},
			],
		] as const)
			test(`${model} answers unlike shapes as it does without buckets`, async () => {
				const requests = Array.from({ length: REQUESTS }, inputsOf);
				const before = await runsOf(model);
				const bucketed = await Promise.all(
					requests.map((inputs) => ask(model, inputs)),
				);
				const runs = (await runsOf(model)) - before;
				assert.ok(runs < REQUESTS * 0.95, `${runs} runs for ${REQUESTS}`);
				for (const [index, inputs] of requests.entries())
					assert.deepEqual(
						bucketed[index],
						await ask(`plain_${model}`, inputs),
						`request ${index}, ${inputs[0]?.shape}`,
					);
			});

		test("what was padded is a metric, of models with buckets only", async () => {
			const shape = [1, 5];
			const elements = async () => {
				const text = await scrape(server.metrics.port);
				const of = (part: string) =>
					seriesValue(
						text,
						`saccade_shape_bucket_elements_total{model="longest",version="1",part="${part}"}`,
					);
				assert.ok(!/bucket_elements_total\{model="plain_/.test(text));
				return { used: of("used"), padding: of("padding") };
			};
			const { used, padding } = await elements();
			await ask("longest", [tensor("values", shape), tensor("others", shape)]);
			const padded = { used: used + 10, padding: padding + 22 };
			assert.deepEqual(await elements(), padded);
		});

		async function runsOf(model: string): Promise<number> {
			return seriesValue(
				await scrape(server.metrics.port),
				`nv_inference_exec_count{model="${model}",version="1"}`,
			);
		}
	});
