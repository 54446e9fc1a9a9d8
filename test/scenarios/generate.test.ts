// The generate extension, which HTTP alone has: flat JSON in, flat JSON or one server-sent event out.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createWorld, type World } from "./world.ts";

interface Row {
	readonly name: string;
	readonly model: string;
	readonly body: string;
	readonly answers?: unknown;
	readonly fails?: {
		readonly status: number;
		readonly text: string;
		/** Told as an event when the work had begun. */
		readonly isEvent?: boolean;
	};
}

const ROWS: readonly Row[] = [
	{
		name: "a text",
		model: "identity_bytes",
		body: '{"id":"7","INPUT0":"a \\"quoted\\" €"}',
		answers: {
			id: "7",
			model_name: "identity_bytes",
			model_version: "1",
			OUTPUT0: 'a "quoted" €',
		},
	},
	{
		name: "several numbers, parameters beside and within",
		model: "identity_fp32",
		body: '{"INPUT0":[1,2.5,-3],"temperature":0.1,"parameters":{"seed":7}}',
		answers: {
			model_name: "identity_fp32",
			model_version: "1",
			OUTPUT0: [1, 2.5, -3],
		},
	},
	{
		name: "a given version",
		model: "twice/versions/1",
		body: '{"INPUT0":2}',
		answers: { model_name: "twice", model_version: "1", OUTPUT0: 2 },
	},
	{
		name: "what is no JSON",
		model: "identity_fp32",
		body: '{"INPUT0":',
		fails: { status: 400, text: "failed to parse the request JSON buffer" },
	},
	{
		name: "what is no object",
		model: "identity_fp32",
		body: "[1]",
		fails: { status: 400, text: "the request is not an object" },
	},
	{
		name: "a value of the wrong type",
		model: "identity_fp32",
		body: '{"INPUT0":"one"}',
		fails: { status: 400, text: "Unable to parse 'data' of input 'INPUT0'" },
	},
	{
		name: "an input that is missing",
		model: "identity_fp32",
		body: '{"prompt":1}',
		fails: { status: 400, text: "expected 1 inputs but got 0 inputs" },
	},
	{
		name: "a reserved parameter",
		model: "identity_fp32",
		body: '{"INPUT0":1,"triton_x":1}',
		fails: { status: 400, text: "parameter keys starting with 'triton_'" },
	},
	{
		name: "an unknown model",
		model: "nope",
		body: '{"INPUT0":1}',
		fails: {
			status: 404,
			text: "Request for unknown model: 'nope' is not found",
		},
	},
	{
		name: "a run that fails",
		model: "fails",
		body: '{"INPUT0":1}',
		fails: { status: 500, text: "fail", isEvent: true },
	},
	{
		name: "a run that misses its deadline",
		model: "held",
		body: '{"INPUT0":1,"deadline_ms":50}',
		fails: { status: 504, text: "deadline", isEvent: true },
	},
];

describe("generate", { timeout: 120_000 }, () => {
	let world: World;
	before(async () => {
		world = await createWorld({ after }, "--scheduling-policy=triton");
	});
	after(() => world.close());

	for (const form of ["generate", "generate_stream"] as const)
		describe(`as ${form}`, () => {
			const isStream = form === "generate_stream";

			for (const { name, model, body, answers, fails } of ROWS)
				test(name, async () => {
					const path = `/v2/models/${model}/${form}`;
					const answer = await world.http.ask({ path, body });
					const isEvent = isStream && (fails?.isEvent ?? fails === undefined);
					assert.equal(
						answer.headers["content-type"],
						isEvent ? "text/event-stream; charset=utf-8" : "application/json",
					);
					const text = answer.body.toString();
					const json = isEvent ? /^data: (.*)\n\n$/.exec(text)?.[1] : text;
					const value = JSON.parse(json ?? "") as { error?: string };
					assert.equal(answer.status, fails?.status ?? 200, text);
					if (fails === undefined) assert.deepEqual(value, answers);
					else assert.ok(value.error?.includes(fails.text), text);
				});
		});
});
