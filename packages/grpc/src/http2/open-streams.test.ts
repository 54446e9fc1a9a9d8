import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { OpenStreams } from "./open-streams.ts";
import { H2Stream, type StreamOwner } from "./stream.ts";

const NOBODY: StreamOwner = {
	sendHeaders: () => {},
	sendData: () => true,
	sendTrailers: () => {},
	resetStream: () => {},
	returnStreamCredit: () => {},
	want: () => {},
};

function streamOf(id: number): H2Stream {
	return new H2Stream(NOBODY, id, 0, -1);
}

describe("open streams", () => {
	test("are those that were added and not deleted, in the order of their ids, whichever ids a client uses", () => {
		// Multiples of 64 want the same slot as long as the table is small.
		const step = fc.constantFrom(2, 4, 64, 1024, 2 ** 20);
		const move = fc.oneof(
			fc.record({ kind: fc.constant("open" as const), step }),
			fc.record({ kind: fc.constant("end" as const), which: fc.nat() }),
		);
		fc.assert(
			fc.property(fc.array(move, { maxLength: 200 }), (moves) => {
				const open = new OpenStreams();
				const model = new Map<number, H2Stream>();
				let id = 1;
				for (const given of moves)
					if (given.kind === "open") {
						const stream = streamOf(id);
						open.add(stream);
						model.set(id, stream);
						id += given.step;
					} else if (model.size > 0) {
						const ids = [...model.keys()];
						const ended = ids[given.which % ids.length]!;
						assert.ok(open.delete(ended));
						assert.equal(open.delete(ended), false);
						assert.equal(open.has(ended), false);
						model.delete(ended);
					}
				assert.equal(open.size, model.size);
				assert.deepEqual(open.inOrder(), [...model.values()]);
				for (const [known, stream] of model)
					assert.equal(open.get(known), stream);
			}),
		);
	});

	test("do not have stream 0, which is the connection itself", () => {
		const open = new OpenStreams();
		open.add(streamOf(1));
		assert.equal(open.get(0), undefined);
		assert.equal(open.has(0), false);
		assert.equal(open.delete(0), false);
		assert.equal(open.size, 1);
	});

	test("are not kept by a table that grew old once they have ended", () => {
		setFlagsFromString("--expose-gc");
		const collect = runInNewContext("gc") as (how: {
			readonly type: "major" | "minor";
		}) => void;
		const open = new OpenStreams();
		let id = 1;
		const openSome = (count: number) => {
			for (let i = 0; i < count; i++, id += 2) {
				const stream = streamOf(id);
				// 4 KB that nobody else has.
				stream.waiting = new Array<Uint8Array>(512);
				open.add(stream);
			}
		};
		const endAll = () => {
			for (const stream of open.inOrder()) open.delete(stream.id);
		};
		openSome(50);
		// Twice: what survives is old.
		collect({ type: "major" });
		collect({ type: "major" });
		const before = process.memoryUsage().heapUsed;
		for (let round = 0; round < 100; round++) {
			openSome(50);
			endAll();
			if (round % 10 === 9) collect({ type: "minor" });
		}
		collect({ type: "minor" });
		const keptBytes = process.memoryUsage().heapUsed - before;
		assert.ok(keptBytes < 4e6, `${keptBytes} of 20 MB are kept`);
	});
});
