import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutBatching } from "./models.ts";

test("what is measured unbatched differs in nothing else", () => {
	const config = 'name: "fc"\nmax_batch_size: 64\ndynamic_batching { }\n';
	assert.equal(withoutBatching(config), 'name: "fc"\nmax_batch_size: 64\n');
});

test("a model that is not batched cannot be measured unbatched", () => {
	assert.throws(() => withoutBatching('name: "resnet50"\n'), /no dynamic/);
});
