import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Heap, type HeapItem } from "./heap.ts";

class Item implements HeapItem {
	heapIndex = -1;
	readonly key: number;

	constructor(key: number) {
		this.key = key;
	}
}

test("the smallest key is always first, whatever is pushed and removed", () => {
	const anyStep = fc.oneof(
		fc.record({ push: fc.integer({ min: 0, max: 20 }) }),
		fc.record({ remove: fc.nat(40) }),
	);
	fc.assert(
		fc.property(fc.array(anyStep, { maxLength: 100 }), (steps) => {
			const heap = new Heap<Item>(({ key }) => key);
			const pushed: Item[] = [];
			const held = new Set<Item>();
			for (const step of steps) {
				if ("push" in step) {
					const item = new Item(step.push);
					pushed.push(item);
					held.add(item);
					heap.push(item);
				} else {
					const item = pushed[step.remove];
					if (item === undefined) continue;
					// Twice: the second finds nothing to do.
					heap.remove(item);
					heap.remove(item);
					held.delete(item);
					assert.equal(item.heapIndex, -1);
				}
				assert.equal(heap.size, held.size);
				const smallest = Math.min(...[...held].map(({ key }) => key));
				assert.equal(heap.peek()?.key ?? Number.POSITIVE_INFINITY, smallest);
			}
		}),
		{ seed: 3, numRuns: 500 },
	);
});
