import assert from "node:assert/strict";
import { test } from "node:test";
import { makeModelRepository } from "../support/model-repository.ts";
import { saccade, serve } from "./support/command.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

test("`saccade explain` tells of a trace, lists what is kept, and says what is wrong", async (t) => {
	const repository = makeModelRepository(t, "simple");
	const serving = await serve(t, ["--model-repository", repository]);
	const ones = new Array(16).fill(1);
	const tensor = (name: string) => ({
		name,
		datatype: "INT32",
		shape: [1, 16],
		data: ones,
	});
	const answer = await fetch(`http://${serving.http}/v2/models/simple/infer`, {
		method: "POST",
		headers: { traceparent: TRACEPARENT },
		body: JSON.stringify({ inputs: [tensor("INPUT0"), tensor("INPUT1")] }),
	});
	assert.equal(answer.status, 200);
	const to = ["--url", serving.http];
	// A whole traceparent will do, too.
	for (const id of [TRACE, TRACEPARENT]) {
		const told = await saccade(["explain", id, ...to]);
		assert.equal(told.code, 0, told.stderr);
		assert.match(told.stdout, /request of simple version 1: RESULT after/);
		assert.match(told.stdout, /\n {2}run +\d/);
		assert.match(told.stdout, /batch-closed \(/);
	}
	const json = await saccade(["explain", TRACE, "--json", ...to]);
	assert.equal(JSON.parse(json.stdout).records[0].name, "simple");
	const list = await saccade(["explain", "--order", "newest", ...to]);
	assert.match(list.stdout, new RegExp(`${TRACE} +request +simple +RESULT`));
	const unknown = await saccade(["explain", TRACE.replace("4", "5"), ...to]);
	assert.equal(unknown.code, 1);
	assert.match(unknown.stderr, /nothing is kept of trace/);
	const wrong = await saccade(["explain", "zz", ...to]);
	assert.equal(wrong.code, 2);
	const nobody = await saccade(["explain", "--url", "127.0.0.1:9"]);
	assert.equal(nobody.code, 1);
	assert.match(nobody.stderr, /no server answers at 127\.0\.0\.1:9/);
});
