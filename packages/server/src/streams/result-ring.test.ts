import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import {
	createResultRing,
	ResultRingReader,
	ResultRingWriter,
} from "./result-ring.ts";

const of = (number: number) => Uint8Array.of(number);
const readAll = (reader: ResultRingReader) => {
	const all: number[] = [];
	for (let one = reader.read(); one !== null; one = reader.read())
		all.push(one[0]!);
	return all;
};

test("a reader gets what is written after it came, once and in order", () => {
	const memory = createResultRing({ slotCount: 8, slotBytes: 4 });
	const writer = new ResultRingWriter(memory);
	writer.write(of(1));
	const early = new ResultRingReader(memory);
	writer.write(of(2));
	const late = new ResultRingReader(memory);
	writer.write(of(3));
	assert.deepEqual(readAll(early), [2, 3]);
	assert.deepEqual(readAll(late), [3]);
	assert.equal(early.read(), null);
	assert.equal(early.lostCount, 0);
});

test("a lapped reader goes on with the oldest that is left and learns how many it lost", () => {
	const memory = createResultRing({ slotCount: 8, slotBytes: 4 });
	const writer = new ResultRingWriter(memory);
	const reader = new ResultRingReader(memory);
	for (let i = 0; i < 20; i++) writer.write(of(i));
	const read = readAll(reader);
	assert.deepEqual(read, [13, 14, 15, 16, 17, 18, 19]);
	assert.equal(reader.lostCount, 13);
});

test("a result larger than a slot and a ring of an odd size are refused", () => {
	const writer = new ResultRingWriter(createResultRing({ slotBytes: 4 }));
	assert.throws(() => writer.write(new Uint8Array(5)), /holds 4/);
	assert.throws(() => createResultRing({ slotCount: 12 }), /power of two/);
});

for (const slotCount of [2, 16, 1024])
	test(`readers in threads of their own see no torn result of a ring of ${slotCount} slots, and count every lost one`, {
		timeout: 60_000,
	}, async () => {
		const total = 100_000;
		const memory = createResultRing({ slotCount, slotBytes: 240 });
		const writer = new ResultRingWriter(memory);
		const readers = await Promise.all(
			[1, 2].map(async () => {
				const worker = new Worker(
					new URL("./testing/ring-reader-worker.ts", import.meta.url),
					{ workerData: { memory, total } },
				);
				await once(worker, "message");
				return worker;
			}),
		);
		const reports = readers.map((worker) => once(worker, "message"));
		for (let number = 0; number < total; number++)
			writer.write(
				new Uint8Array(new Uint32Array(1 + (number % 60)).fill(number).buffer),
			);
		for (const [report] of await Promise.all(reports)) {
			assert.equal(report.fault, "");
			assert.equal(report.readCount + report.lostCount, total);
		}
		await Promise.all(readers.map((worker) => worker.terminate()));
	});
