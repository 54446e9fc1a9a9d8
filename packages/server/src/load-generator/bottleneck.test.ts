import assert from "node:assert/strict";
import { test } from "node:test";
import { bottleneckOf } from "./bottleneck.ts";

const calm = {
	clientCores: 0.4,
	latenessP99Us: 1200,
	deadlineUs: 50_000,
	overCap: 0,
};

test("a generator that is on time and has CPU left limits nothing", () => {
	assert.equal(bottleneckOf(calm), null);
});

test("a full core, late sending and requests that were held back are each told", () => {
	assert.match(bottleneckOf({ ...calm, clientCores: 0.97 }) ?? "", /0\.97/);
	assert.match(
		bottleneckOf({ ...calm, latenessP99Us: 9000 }) ?? "",
		/9\.0 ms late/,
	);
	assert.match(bottleneckOf({ ...calm, overCap: 3 }) ?? "", /^3 requests/);
});

test("what is late is measured by the deadline", () => {
	const late = { ...calm, latenessP99Us: 9000 };
	assert.equal(bottleneckOf({ ...late, deadlineUs: 200_000 }), null);
});
