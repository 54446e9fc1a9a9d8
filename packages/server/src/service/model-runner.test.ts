import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, test } from "node:test";
import type { ModelRun } from "../pipelines/model-runner.ts";
import type {
	InferenceService,
	InferReply,
	InferRequest,
} from "./inference.ts";
import { createModelRunner } from "./model-runner.ts";

const RUN: ModelRun = {
	...{ modelName: "m", modelVersion: "", inputs: [], receivedUs: 0 },
	deadlineUs: Number.POSITIVE_INFINITY,
	signal: new AbortController().signal,
};

/** Answers at once with bytes that it changes afterwards, as a lane does. */
function runnerOf(lanes: Uint8Array) {
	const infer = (request: InferRequest, reply: InferReply) => {
		reply.response({
			...{ modelName: "m", modelVersion: "1", id: "", parameters: null },
			outputs: [{ name: "y", dtype: "UINT8", shape: [3], data: lanes }],
		});
		lanes.fill(0);
		request.lease?.release();
		return { cancel: () => {} };
	};
	return createModelRunner(
		{ infer, admit: () => null } as unknown as InferenceService,
		{ model: () => assert.fail("nobody asked") },
	);
}

describe("a model that a pipeline runs", () => {
	test("answers with bytes of the caller, which the lane's next run does not change", async () => {
		const [output] = await runnerOf(Uint8Array.of(1, 2, 3)).run(RUN);
		assert.deepEqual([...(output?.data ?? [])], [1, 2, 3]);
	});

	test("puts them where it is told to", async () => {
		const place = new Uint8Array(3);
		const asked: unknown[] = [];
		const memory = (name: string, byteLength: number) => {
			asked.push([name, byteLength]);
			return place;
		};
		const runner = runnerOf(Uint8Array.of(4, 5, 6));
		const [output] = await runner.run({ ...RUN, memory });
		assert.equal(output?.data, place);
		assert.deepEqual([...place], [4, 5, 6]);
		assert.deepEqual(asked, [["y", 3]]);
	});

	test("leaves nothing behind on a signal that goes on after it", async () => {
		const { signal } = new AbortController();
		await runnerOf(new Uint8Array(3)).run({ ...RUN, signal });
		assert.equal(getEventListeners(signal, "abort").length, 0);
	});
});
