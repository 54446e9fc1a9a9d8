import assert from "node:assert/strict";
import { test } from "node:test";
import { DYNAMIC, fixedAt, noneAt } from "./contenders.ts";

const CONFIG = `name: "m"
max_batch_size: 16
dynamic_batching { }
`;

test("a fixed size is both the preferred and the largest one, so that nothing else runs under load", () => {
	assert.equal(
		fixedAt({ rows: 8, delayMs: 20, queueSize: 12 }).configure(CONFIG),
		`name: "m"
max_batch_size: 8
dynamic_batching {
  preferred_batch_size: 8
  max_queue_delay_microseconds: 20000
  default_queue_policy { max_queue_size: 12 }
}
`,
	);
});

test("without batching every run has one row, and dynamic has no setting of its own", () => {
	assert.match(noneAt(4).configure(CONFIG), /max_batch_size: 1$/m);
	assert.equal(DYNAMIC.configure(CONFIG), CONFIG);
	assert.deepEqual(DYNAMIC.serverArguments, []);
});
