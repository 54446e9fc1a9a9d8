import assert from "node:assert/strict";
import {
	closeSync,
	mkdtempSync,
	openSync,
	readFileSync,
	rmSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { McapIndexedReader } from "@mcap/core";
import { type ChannelSpec, McapFile } from "./mcap-file.ts";
import { readMcap } from "./read-mcap.ts";
import { Recorder } from "./recorder.ts";

const TEXT: ChannelSpec = {
	topic: "/text",
	messageEncoding: "json",
	schemaName: "Text",
	schemaEncoding: "jsonschema",
	schema: new TextEncoder().encode('{"type":"object"}'),
};
const bytesOf = (value: unknown) =>
	new TextEncoder().encode(JSON.stringify(value));

function temporary(t: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), "saccade-recording-"));
	t.after(() => rmSync(folder, { recursive: true }));
	return join(folder, "a.mcap");
}

function recorderAt(path: string, options: object = {}): Recorder {
	return new Recorder({ path, library: "test", maxBytes: 1e9, ...options });
}

test("what is written is read back in order, with its schema, by both ways of reading", async (t) => {
	const path = temporary(t);
	const recorder = recorderAt(path);
	await recorder.open();
	for (let i = 1; i <= 5000; i++)
		recorder.write(
			TEXT,
			BigInt(i),
			BigInt(2 * i),
			bytesOf({ i, filler: "x".repeat(500) }),
		);
	const status = await recorder.close();
	assert.equal(status.problem, null);
	assert.equal(status.droppedCount, 0);
	const messages = [...readMcap(path)];
	assert.deepEqual(
		messages.map(({ data }) => JSON.parse(new TextDecoder().decode(data)).i),
		Array.from({ length: 5000 }, (_, i) => i + 1),
	);
	assert.equal(messages[0]?.schemaName, "Text");
	assert.equal(messages[7]?.publishTime, 16n);
	const file = readFileSync(path);
	assert.equal(file.byteLength, status.fileBytes);
	const indexed = await McapIndexedReader.Initialize({
		readable: {
			size: async () => BigInt(file.byteLength),
			read: async (offset, size) =>
				file.subarray(Number(offset), Number(offset + size)),
		},
	});
	assert.equal(indexed.statistics?.messageCount, 5000n);
	assert.ok(indexed.chunkIndexes.length > 1);
	let count = 0;
	for await (const message of indexed.readMessages({
		startTime: 100n,
		endTime: 199n,
	})) {
		count++;
		assert.ok(message.logTime >= 100n);
	}
	assert.equal(count, 100);
});

test("a file that is cut off is read up to its last whole chunk", async (t) => {
	const path = temporary(t);
	const recorder = recorderAt(path);
	await recorder.open();
	for (let i = 0; i < 30; i++)
		recorder.write(TEXT, BigInt(i), 0n, new Uint8Array(100_000).fill(65));
	const { fileBytes } = await recorder.close();
	truncateSync(path, Math.floor(fileBytes / 2));
	const reading = readMcap(path);
	let count = 0;
	let step = reading.next();
	for (; step.done !== true; step = reading.next()) count++;
	assert.equal(step.value, false);
	assert.ok(count >= 10 && count < 20, `${count} of 30 messages`);
});

test("a second recorder of the same file is refused, and the first one is not disturbed", async (t) => {
	const path = temporary(t);
	const first = recorderAt(path);
	await first.open();
	await assert.rejects(recorderAt(path).open(), { code: "ALREADY_EXISTS" });
	first.write(TEXT, 1n, 1n, bytesOf({}));
	assert.equal((await first.close()).problem, null);
	assert.equal([...readMcap(path)].length, 1);
});

test("a folder that cannot be written to is told with what the system says", async () => {
	await assert.rejects(recorderAt("/proc/no/such/folder/a.mcap").open(), {
		code: "UNAVAILABLE",
		message: /cannot be written: ENOENT/,
	});
});

test("a full disk ends the writing with an error, not with a torn record that reads as whole", () => {
	const fd = openSync("/dev/full", "w");
	try {
		assert.throws(() => new McapFile(fd, "test"), { code: "ENOSPC" });
	} finally {
		closeSync(fd);
	}
});

test("what the disk is too slow for is dropped, counted, and told in the file", async (t) => {
	const path = temporary(t);
	const recorder = recorderAt(path, { maxWaitingBytes: 100_000 });
	await recorder.open();
	// All in one turn: nothing can be written meanwhile.
	for (let i = 0; i < 10; i++)
		recorder.write(TEXT, BigInt(i), 0n, new Uint8Array(40_000));
	assert.equal(recorder.status().droppedCount, 8);
	await recorder.close();
	const dropped = [...readMcap(path)].filter(
		({ topic }) => topic === "/saccade/dropped",
	);
	assert.deepEqual(
		dropped.map(({ data }) => JSON.parse(new TextDecoder().decode(data))),
		[{ dropped: 8 }],
	);
});

test("a recording ends by itself at its size, whole, and says so", async (t) => {
	const path = temporary(t);
	const ended = Promise.withResolvers<string | null>();
	const recorder = recorderAt(path, {
		maxBytes: 1_000_000,
		onEnd: (status: { problem: string | null }) =>
			ended.resolve(status.problem),
	});
	await recorder.open();
	for (let i = 0; i < 20; i++)
		recorder.write(TEXT, BigInt(i), 0n, new Uint8Array(100_000));
	assert.match(String(await ended.promise), /reached 1000000 bytes/);
	const reading = readMcap(path);
	let step = reading.next();
	while (step.done !== true) step = reading.next();
	assert.equal(step.value, true);
});

test("a file of something else is refused as such", (t) => {
	const path = temporary(t);
	writeFileSync(path, "PK and so on");
	assert.throws(() => [...readMcap(path)], {
		code: "MALFORMED",
		message: /does not begin as an MCAP file/,
	});
});
