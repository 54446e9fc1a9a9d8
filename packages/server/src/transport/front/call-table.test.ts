import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CallIds, CallTable } from "./call-table.ts";

describe("ids of calls", () => {
	test("are positive, and no two at a time are the same", () => {
		const ids = new CallIds();
		const taken = new Set<number>();
		let seed = 1;
		for (let i = 0; i < 10_000; i++) {
			seed = (seed * 48_271) % 0x7fff_ffff;
			const oldest = taken.values().next().value;
			if (seed % 3 === 0 && oldest !== undefined) {
				ids.giveBack(oldest);
				taken.delete(oldest);
				continue;
			}
			const id = ids.take();
			assert.ok(id > 0 && !taken.has(id));
			taken.add(id);
		}
	});

	test("that were given back do not come again for long", () => {
		const ids = new CallIds();
		const seen = new Set<number>();
		for (let i = 0; i < 2000; i++) {
			const id = ids.take();
			assert.ok(!seen.has(id));
			seen.add(id);
			ids.giveBack(id);
		}
	});
});

describe("a table of calls", () => {
	test("finds a call by its id until it is deleted, whatever comes in which order", () => {
		const ids = new CallIds();
		const table = new CallTable<string>();
		const [a, b, c] = [ids.take(), ids.take(), ids.take()];
		table.set(c, "c");
		table.set(a, "a");
		assert.equal(table.get(b), undefined);
		table.set(b, "b");
		table.delete(a);
		table.delete(a);
		assert.deepEqual(
			[a, b, c].map((id) => table.get(id)),
			[undefined, "b", "c"],
		);
		assert.deepEqual(table.ids(), [b, c]);
		assert.equal(table.size, 2);
	});

	test("does not take what is said of a call that is over for its successor's", () => {
		const ids = new CallIds();
		const table = new CallTable<string>();
		const first = ids.take();
		table.set(first, "first");
		table.delete(first);
		ids.giveBack(first);
		const second = ids.take();
		table.set(second, "second");
		assert.equal(table.get(first), undefined);
		table.delete(first);
		assert.equal(table.get(second), "second");
	});
});
