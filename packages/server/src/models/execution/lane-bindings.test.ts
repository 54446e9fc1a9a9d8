import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { entryOf, loadEcho } from "../testing/fake-session.ts";
import {
	BINDINGS_KEPT,
	type LaneBinding,
	LaneBindings,
} from "./lane-bindings.ts";

async function setUp() {
	const session = await loadEcho();
	const outputs = [{ shape: [-1, -1], answerDims: null, dtypeBytes: 4 }];
	const bindings = new LaneBindings({ session, batched: true, outputs });
	return {
		bindings,
		of: (rows: number, length = 1) =>
			bindings.of(entryOf([], [1, length]), rows),
	};
}

function isClosed({ binding }: LaneBinding): boolean {
	try {
		binding.resetInput(0);
		return false;
	} catch {
		return true;
	}
}

describe("a lane's bindings", () => {
	test("are made once for each combination of shape and rows, as large as the whole batch", async () => {
		const { of } = await setUp();
		// The largest first: for it others would be made anew.
		of(3, 5);
		const three = of(3, 2);
		assert.equal(three.binding.inputs[0]?.byteLength, 3 * 2 * 4);
		assert.equal(of(3, 2), three);
		assert.notEqual(of(4, 2), three);
		assert.notEqual(of(3, 5), three);
		assert.equal(of(3, 2), three);
	});

	test("are limited: the oldest is closed and made anew when it is wanted again", async () => {
		const { of } = await setUp();
		const oldest = of(BINDINGS_KEPT, 2);
		const next = of(1);
		for (let rows = 2; rows < BINDINGS_KEPT; rows++) of(rows);
		assert.equal(isClosed(oldest), false);
		of(BINDINGS_KEPT);
		assert.deepEqual([isClosed(oldest), isClosed(next)], [true, false]);
		const again = of(BINDINGS_KEPT, 2);
		assert.notEqual(again, oldest);
		assert.equal(isClosed(again), false);
	});

	test("of a shape that the model does not take are refused, and nothing is kept of them", async () => {
		const { bindings, of } = await setUp();
		const wrong = { shapeKey: "wrong", shapes: [null] };
		for (let i = 0; i < 2 * BINDINGS_KEPT; i++)
			assert.throws(() => bindings.of(wrong, 1), { code: "INVALID_ARGUMENT" });
		const first = of(BINDINGS_KEPT);
		for (let rows = 1; rows < BINDINGS_KEPT; rows++) of(rows);
		assert.equal(isClosed(first), false);
	});

	test("lie in the same memory, whatever their shapes", async () => {
		const { of } = await setUp();
		const memory = [of(4, 3), of(1, 3), of(3, 3), of(2, 6), of(1)].map(
			({ binding }) => binding.inputs[0]?.buffer,
		);
		assert.equal(new Set(memory).size, 1);
	});

	test("are made anew in larger memory when a larger batch comes, and nothing keeps the smaller", async () => {
		const { of } = await setUp();
		const small = [of(1), of(2)];
		const large = of(9);
		assert.deepEqual(small.map(isClosed), [true, true]);
		assert.equal(
			of(1).binding.inputs[0]?.buffer,
			large.binding.inputs[0]?.buffer,
		);
		assert.equal(of(9), large);
	});

	test("are closed with the lane", async () => {
		const { bindings, of } = await setUp();
		const all = [of(1, 7), of(1), of(2)];
		bindings.close();
		assert.deepEqual(all.map(isClosed), [true, true, true]);
	});
});
