import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { createRingMemory, RingReader, RingWriter } from "./shared-ring.ts";

const DATA_BYTES = 1024;

function ring() {
	const memory = createRingMemory(DATA_BYTES);
	return { writer: new RingWriter(memory), reader: new RingReader(memory) };
}

function write(writer: RingWriter, record: Uint8Array): boolean {
	const at = writer.reserve(record.byteLength);
	if (at < 0) return false;
	assert.equal(at % 8, 0);
	writer.bytes.set(record, at);
	writer.commit();
	return true;
}

function read(reader: RingReader): Uint8Array | null {
	const at = reader.next();
	if (at < 0) return null;
	const record = reader.bytes.slice(at, at + reader.byteLength);
	reader.release();
	return record;
}

test("what is read is what was written, in order, whatever the lengths and however reads and writes mix", () => {
	const step = fc.oneof(
		fc.uint8Array({ maxLength: DATA_BYTES / 4 - 8 }),
		fc.constant(null),
	);
	fc.assert(
		fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
			const { writer, reader } = ring();
			const waiting: Uint8Array[] = [];
			for (const record of steps) {
				if (record === null)
					assert.deepEqual(read(reader), waiting.shift() ?? null);
				else if (write(writer, record)) waiting.push(record);
				else assert.ok(waiting.length > 0, "an empty ring was full");
			}
			for (const record of waiting) assert.deepEqual(read(reader), record);
			assert.equal(read(reader), null);
		}),
	);
});

test("a full ring refuses, asks for room, and takes records again once some were read", () => {
	const { writer, reader } = ring();
	const record = new Uint8Array(200);
	while (write(writer, record));
	assert.equal(reader.isRoomWanted(), true);
	assert.equal(reader.isRoomWanted(), false, "asking clears it");
	assert.notEqual(read(reader), null);
	assert.equal(write(writer, record), true);
});

test("a record beyond a quarter of the ring is refused with the limit", () => {
	const { writer } = ring();
	assert.throws(() => writer.reserve(DATA_BYTES / 4), /at most 248/);
});

test("a sleeping reader is to be woken once, by the first record", () => {
	const { writer, reader } = ring();
	assert.equal(reader.sleep(), true);
	const rings = [1, 2, 3].map(() => {
		writer.reserve(8);
		return writer.commit();
	});
	assert.deepEqual(rings, [true, false, false]);
	assert.equal(reader.sleep(), false, "it does not sleep over a record");
});

test("two threads exchange records without a torn or a lost one", {
	timeout: 60_000,
}, async () => {
	const count = 100_000;
	const memory = createRingMemory(4096);
	const source = `
		const { workerData } = require("node:worker_threads");
		import(workerData.module).then(({ RingWriter }) => {
			const writer = new RingWriter(workerData.memory);
			for (let i = 0; i < workerData.count; i++) {
				const words = 1 + (i % 50);
				let at = writer.reserve(words * 4);
				while (at < 0) at = writer.reserve(words * 4);
				writer.int32.fill(i, at / 4, at / 4 + words);
				writer.commit();
			}
		});`;
	const worker = new Worker(source, {
		eval: true,
		execArgv: ["--conditions=source"],
		workerData: {
			memory,
			count,
			module: new URL("shared-ring.ts", import.meta.url).href,
		},
	});
	const ended = new Promise<number>((resolve, reject) => {
		worker.once("error", reject);
		worker.once("exit", resolve);
	});
	const reader = new RingReader(memory);
	let next = 0;
	while (next < count) {
		const at = reader.next();
		if (at < 0) {
			await new Promise(setImmediate);
			continue;
		}
		const words = reader.byteLength / 4;
		assert.equal(words, 1 + (next % 50));
		for (let word = 0; word < words; word++)
			assert.equal(reader.int32[at / 4 + word], next);
		reader.release();
		next++;
	}
	assert.equal(await ended, 0);
});
