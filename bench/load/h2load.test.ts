import assert from "node:assert/strict";
import { test } from "node:test";
import { answeredOf } from "./h2load.ts";

const said = (counts: string) =>
	`finished in 3.00s, 2988.00 req/s, 504.60KB/s\nrequests: ${counts}\nstatus codes: 5976 2xx`;

test("the answers of a window are those that succeeded", () => {
	const counts =
		"5976 total, 5976 started, 5976 done, 5976 succeeded, 0 failed, 0 errored, 0 timeout";
	assert.equal(answeredOf(said(counts)), 5976);
});

test("a window with a failure, or with no answer at all, is none", () => {
	for (const counts of [
		"9 total, 9 started, 9 done, 8 succeeded, 1 failed, 1 errored, 0 timeout",
		"0 total, 4 started, 0 done, 0 succeeded, 0 failed, 0 errored, 0 timeout",
	])
		assert.throws(() => answeredOf(said(counts)), /not every request/);
});
