import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigText } from "../../repository/config-text.ts";
import { resolveConfig } from "../../repository/resolve-config.ts";
import { loadEcho } from "../testing/fake-session.ts";
import { batchRules } from "./version-scheduler.ts";

const CASES = [
	["max_batch_size: 0", { maxRows: 1, preferredRows: [], maxDelayUs: 0 }],
	// Rows of one request; requests share no batch.
	["max_batch_size: 8", { maxRows: 1, preferredRows: [], maxDelayUs: 0 }],
	[
		"max_batch_size: 8 dynamic_batching { }",
		{ maxRows: 8, preferredRows: [], maxDelayUs: 0 },
	],
	[
		"max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 8 ] }",
		{ maxRows: 8, preferredRows: [], maxDelayUs: 0 },
	],
	[
		"max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 4 ] max_queue_delay_microseconds: 900 }",
		{ maxRows: 8, preferredRows: [4], maxDelayUs: 900 },
	],
	[
		"max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 8, 2 ] }",
		{ maxRows: 8, preferredRows: [2, 8], maxDelayUs: 0 },
	],
] as const;

for (const [text, rules] of CASES)
	test(`batches by '${text}' have at most ${rules.maxRows} rows, preferably ${rules.preferredRows.join(" or ") || "any"}`, async () => {
		const { message } = parseConfigText(`backend: "fake" ${text}`, "the test");
		const config = resolveConfig(message, await loadEcho(), {
			name: "rules",
			autoComplete: false,
			defaultMaxBatchSize: 4,
			defaultInstanceCount: 1,
		});
		assert.deepEqual(batchRules(config), rules);
	});
