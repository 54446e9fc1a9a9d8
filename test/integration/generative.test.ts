// A model that emits tokens, and one that does not, on one server: who has `llm_*` metrics.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TraceExplanation } from "../../packages/server/src/service/trace-service.ts";
import { addFakeModel } from "../support/fake-model.ts";
import { startTestServer } from "../support/test-server.ts";

const GENERATIVE = `
parameters { key: "saccade.generative" value { string_value: "OUTPUT0" } }
parameters { key: "saccade.generative.prompt" value { string_value: "INPUT0" } }`;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

test("llm metrics are those of models that declare themselves generative, from their first request on", async (t) => {
	const repository = mkdtempSync(join(tmpdir(), "saccade-generative-"));
	t.after(() => rmSync(repository, { recursive: true }));
	addFakeModel(repository, "writer", { config: GENERATIVE });
	addFakeModel(repository, "detector");
	const server = await startTestServer(repository);
	t.after(() => server.close());
	const url = `http://127.0.0.1:${server.http.port}`;
	const infer = (model: string, tokens: number, headers = {}) =>
		fetch(`${url}/v2/models/${model}/infer`, {
			method: "POST",
			headers,
			body: JSON.stringify({
				inputs: [
					{
						name: "INPUT0",
						datatype: "FP32",
						shape: [1, tokens],
						data: new Array(tokens).fill(1),
					},
				],
			}),
		});
	const llm = async () =>
		(
			await (
				await fetch(`http://127.0.0.1:${server.metrics.port}/metrics`)
			).text()
		)
			.split("\n")
			.filter((line) => line.startsWith("llm_"));

	assert.equal((await infer("detector", 4)).status, 200);
	assert.deepEqual(await llm(), []);

	const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
	// The model gives as many tokens as it gets.
	assert.equal((await infer("writer", 7, { traceparent })).status, 200);
	assert.equal((await infer("writer", 13)).status, 200);
	// It takes numbers of another kind, so this one fails.
	const wrong = await fetch(`${url}/v2/models/writer/infer`, {
		method: "POST",
		body: JSON.stringify({
			inputs: [{ name: "INPUT0", datatype: "INT8", shape: [1, 1], data: [1] }],
		}),
	});
	assert.equal(wrong.status, 400);
	const lines = await llm();
	assert.ok(lines.includes('llm_request_total{model="writer"} 3'), `${lines}`);
	for (const stage of ["prefill", "decode"])
		assert.ok(
			lines.includes(`llm_token_throughput{stage="${stage}",device="cpu"} 2`),
			`${lines}`,
		);
	assert.ok(
		lines.includes('llm_inference_duration_seconds_count{model="writer"} 2'),
	);
	assert.ok(!lines.some((line) => line.includes("detector")));

	const answer = await fetch(`${url}/saccade/v1/explain/${TRACE}`);
	const { records } = (await answer.json()) as TraceExplanation;
	const { attributes } = records[0]!;
	assert.equal(attributes["gen_ai.request.model"], "writer");
	assert.equal(attributes["gen_ai.usage.input_tokens"], 7);
	assert.equal(attributes["gen_ai.usage.output_tokens"], 7);
});

test("a model whose tokens are nowhere does not load", async (t) => {
	const repository = mkdtempSync(join(tmpdir(), "saccade-generative-"));
	t.after(() => rmSync(repository, { recursive: true }));
	addFakeModel(repository, "writer", {
		config: `parameters { key: "saccade.generative" value { string_value: "TEXT" } }`,
	});
	await assert.rejects(
		startTestServer(repository),
		/'saccade\.generative' names 'TEXT', which there is not; there are OUTPUT0/,
	);
});
