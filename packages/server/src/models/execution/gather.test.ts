import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ModelEntry } from "../entry.ts";
import { entryOf, loadEcho } from "../testing/fake-session.ts";
import { countPadding, gather, ZERO_COPY_FROM_BYTES } from "./gather.ts";
import { type LaneBinding, LaneBindings } from "./lane-bindings.ts";

const LARGE = ZERO_COPY_FROM_BYTES / 4;
const ONE_PAD = { padBytes: [new Uint8Array(new Float32Array([9]).buffer)] };

async function setUp() {
	const session = await loadEcho();
	const outputs = [{ shape: [-1, -1], answerDims: null, dtypeBytes: 4 }];
	const bindings = new LaneBindings({ session, batched: true, outputs });
	const bind = (batch: readonly ModelEntry[]) =>
		bindings.of(
			batch[0]!,
			batch.reduce((sum, { rows }) => sum + rows, 0),
		);
	return { inputs: session.inputs, bind };
}

/** What a run sees. */
function seenBy({ binding }: LaneBinding): number[] {
	binding.run("inline", (error) => assert.equal(error, null));
	return [...new Float32Array(binding.output(0).data.slice().buffer)];
}

describe("gathering", () => {
	test("lays rows one after the other, in the order of the batch", async () => {
		const { inputs, bind } = await setUp();
		const batch = [
			entryOf([1, 2], [1, 2]),
			entryOf([3, 4, 5, 6], [2, 2]),
			entryOf([7, 8], [1, 2]),
		];
		const bound = bind(batch);
		assert.equal(gather(bound, batch, inputs, null), false);
		assert.deepEqual(seenBy(bound), [1, 2, 3, 4, 5, 6, 7, 8]);
	});

	test("copies a small request that runs alone", async () => {
		const { inputs, bind } = await setUp();
		const batch = [entryOf([5, 6], [1, 2])];
		const bound = bind(batch);
		assert.equal(gather(bound, batch, inputs, null), false);
		batch[0]!.data[0]!.fill(0);
		assert.deepEqual(seenBy(bound), [5, 6]);
	});

	test("runs a large one where it lies, and the next batch of that shape in the lane's own buffers again", async () => {
		const { inputs, bind } = await setUp();
		const values = (value: number) => new Array<number>(LARGE).fill(value);
		const lent = [entryOf(values(1), [1, LARGE])];
		const bound = bind(lent);
		assert.equal(gather(bound, lent, inputs, null), true);
		lent[0]!.data[0]!.fill(0);
		assert.deepEqual(seenBy(bound), values(0));

		const padded = [
			entryOf([2], [1, LARGE], {
				givenShapes: [[1, 1]],
				givenSizes: [1],
				bucketSizes: [LARGE],
			}),
		];
		assert.equal(bind(padded), bound);
		assert.equal(gather(bound, padded, inputs, ONE_PAD), false);
		assert.deepEqual(seenBy(bound), [2, ...values(9).slice(1)]);
		assert.deepEqual(new Float32Array(lent[0]!.data[0]!.buffer)[0], 0);
	});

	test("of shape buckets tells how much of the batch is padding", async () => {
		const { inputs, bind } = await setUp();
		const padding = (length: number) => ({
			givenShapes: [[1, length]],
			givenSizes: [length],
			bucketSizes: [4],
		});
		const batch = [
			entryOf([1, 2, 3], [1, 4], padding(3)),
			entryOf([4], [1, 4], padding(1)),
		];
		const told: number[][] = [];
		countPadding(bind(batch), batch, inputs, ONE_PAD, (used, added) =>
			told.push([used, added]),
		);
		assert.deepEqual(told, [[4, 4]]);
	});
});
