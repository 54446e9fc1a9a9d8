import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import type { SaccadeError } from "../../../errors/saccade-error.ts";
import { parseIn } from "../test-support/parse-in.ts";
import { answerJsonTask, type JsonAnswer, type JsonTask } from "./json-task.ts";
import { JsonThread } from "./json-thread.ts";

const LIMIT = 1 << 20;
const INPUTS = [
	{ name: "x", dtype: "FP32", shape: [-1, 2] },
	{ name: "s", dtype: "BYTES", shape: [-1] },
] as const;

function bodyOf(text: string) {
	return {
		bytes: Uint8Array.from(Buffer.from(text)),
		jsonLength: null,
		maxJsonBytes: LIMIT,
	};
}

function inferTask(text: string) {
	return { kind: "infer", body: bodyOf(text), modelName: "m" } as const;
}

/** A request whose parsing takes long against everything else here. */
function slowTask() {
	const data = "[1.5,2.5],".repeat(200_000);
	const text = `{"inputs":[{"name":"x","datatype":"FP32","shape":[400000],"data":[${data.slice(0, -1)}]}]}`;
	const body = { ...bodyOf(text), maxJsonBytes: text.length };
	return { kind: "infer", body, modelName: "m" } as const;
}

function started(
	test: { after: (clean: () => unknown) => void },
	settings = {},
) {
	const thread = new JsonThread(settings);
	test.after(() => thread.close());
	return thread;
}

async function answerOf(
	thread: JsonThread,
	task: JsonTask,
): Promise<JsonAnswer> {
	try {
		return { ok: true, result: await parseIn(thread, task) };
	} catch (cause) {
		const { code, message, details, refusedBecause } = cause as SaccadeError;
		return { ok: false, error: { code, message, details, refusedBecause } };
	}
}

const json = fc.json({ maxDepth: 4 });
const number = fc.oneof(
	fc.double().map(String),
	fc.bigInt().map(String),
	fc.constantFrom("NaN", "-Infinity", "-0.0", "true", '"1"', "null"),
);
const tensor = fc
	.tuple(
		fc.constantFrom("FP32", "INT64", "UINT8", "BOOL", "BYTES", "FP16", "what"),
		fc.array(
			fc.oneof(
				number,
				fc.string().map((s) => JSON.stringify(s)),
			),
		),
		fc.nat(6),
	)
	.map(
		([dtype, data, count]) =>
			`{"name":"x","datatype":"${dtype}","shape":[${count % 2 === 0 ? data.length : count}],"data":[${data}]}`,
	);
const request = fc
	.tuple(fc.array(tensor, { maxLength: 3 }), json, fc.string())
	.map(
		([inputs, value, id]) =>
			`{"id":${JSON.stringify(id)},"inputs":[${inputs}],"parameters":{"a":${value}}}`,
	);
const text = fc.oneof(json, request, fc.string({ unit: "binary" }));

describe("the thread of large JSON", { timeout: 60_000 }, () => {
	const thread = new JsonThread();
	after(() => thread.close());

	test("yields what parsing in place yields, errors included", async () => {
		await fc.assert(
			fc.asyncProperty(
				text,
				fc.constantFrom("infer", "generate", "load"),
				async (given, kind) => {
					const task = (): JsonTask => {
						const body = bodyOf(given);
						if (kind === "generate") return { kind, body, inputs: INPUTS };
						if (kind === "load") return { kind, body };
						return { kind, body, modelName: "m" };
					};
					assert.deepEqual(
						await answerOf(thread, task()),
						answerJsonTask(task()),
					);
				},
			),
			{ seed: 11, numRuns: 500 },
		);
	});

	test("takes the bytes and gives views on them back, uncopied", async () => {
		const head =
			'{"inputs":[{"name":"x","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}}]}';
		const bytes = Uint8Array.from(Buffer.from(`${head}\u0001\u0002\u0003`));
		const body = { bytes, jsonLength: head.length, maxJsonBytes: LIMIT };
		const { inputs } = await parseIn(thread, {
			kind: "infer",
			body,
			modelName: "m",
		});
		assert.equal(bytes.byteLength, 0, "they were copied");
		const data = inputs[0]?.data;
		assert.deepEqual(data, Uint8Array.of(1, 2, 3));
		assert.equal(data?.buffer.byteLength, head.length + 3);
	});
});

describe("the life of the thread", { timeout: 60_000 }, () => {
	test("it starts with the first task, and ends when it was idle", async (t) => {
		const thread = started(t, { idleMs: 1 });
		assert.equal(thread.isStarted, false);
		for (let round = 0; round < 2; round++) {
			await parseIn(thread, inferTask('{"inputs":[]}'));
			while (thread.isStarted) await new Promise(setImmediate);
		}
	});

	test("who leaves while waiting is told at once, and the next is served", async (t) => {
		const thread = started(t);
		const log: string[] = [];
		const first = parseIn(thread, slowTask()).then(() => log.push("first"));
		const cancelled = thread.run(slowTask(), (error) =>
			log.push(`second ${error?.code}`),
		);
		const third = parseIn(thread, inferTask('{"inputs":[]}'));
		cancelled.cancel();
		assert.deepEqual(log, ["second CANCELLED"]);
		await Promise.all([first, third]);
		assert.deepEqual(log, ["second CANCELLED", "first"]);
	});

	test("who leaves while the thread has the bytes is told when it is done with them", async (t) => {
		const thread = started(t);
		const told = new Promise<string | undefined>((resolve) => {
			const job = thread.run(slowTask(), (error) => resolve(error?.code));
			job.cancel();
		});
		assert.equal(await told, "CANCELLED");
		await parseIn(thread, inferTask('{"inputs":[]}'));
	});

	test("only so many may wait; the rest is refused at once, with the numbers", async (t) => {
		const thread = started(t, { maxWaitingCount: 1 });
		const served = [slowTask(), slowTask()].map((task) =>
			parseIn(thread, task),
		);
		await assert.rejects(parseIn(thread, inferTask("{}")), {
			code: "QUEUE_FULL",
			refusedBecause: "queue-full",
			message: /^1 large JSON bodies wait to be parsed, the most is 1;/,
		});
		await Promise.all(served);
	});

	test("when it dies the task in it fails, and the next gets a new one", async (t) => {
		const thread = started(t);
		// No such task: the thread's side has no answer for it.
		const unknown = { ...inferTask("{}"), kind: "unknown" } as unknown;
		const dying = parseIn(thread, unknown as JsonTask);
		const next = parseIn(thread, inferTask('{"inputs":[]}'));
		await assert.rejects(dying, {
			code: "INTERNAL",
			message: /the thread that parsed the JSON body ended/,
		});
		assert.deepEqual((await next).inputs, []);
	});

	test("closing fails what it has and what waits", async (t) => {
		const thread = started(t);
		const jobs = [slowTask(), slowTask()].map((task) => parseIn(thread, task));
		const rejected = jobs.map((job) =>
			assert.rejects(job, { code: "UNAVAILABLE", message: /^Server exiting/ }),
		);
		await thread.close();
		await Promise.all(rejected);
		assert.equal(thread.isStarted, false);
		await assert.rejects(parseIn(thread, inferTask("{}")), {
			code: "UNAVAILABLE",
		});
	});
});
