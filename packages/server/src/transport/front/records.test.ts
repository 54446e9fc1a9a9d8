import assert from "node:assert/strict";
import { test } from "node:test";
import type { DType } from "@saccade/protocol";
import fc from "fast-check";
import {
	createRingMemory,
	RingReader,
	RingWriter,
} from "../../common/shared-ring.ts";
import type { InferRequest, InferResponse } from "../../endpoint/endpoint.ts";
import { AnswerReader, AnswerWriter } from "./answer-records.ts";
import type { RecordOutput } from "./records.ts";
import { RequestReader, RequestWriter } from "./request-records.ts";
import { type MemoryMessage, SharedMemory } from "./shared-memory.ts";

/** Both ends of a ring in one thread. */
class Records implements RecordOutput {
	readonly space: RingWriter;
	readonly #reader: RingReader;
	count = 0;

	constructor() {
		const memory = createRingMemory(1024 * 1024);
		this.space = new RingWriter(memory);
		this.#reader = new RingReader(memory);
	}

	open(byteLength: number): number {
		return this.space.reserve(byteLength);
	}

	commit(): void {
		this.space.commit();
		this.count++;
	}

	next<T>(read: (reader: RingReader, at: number) => T): T {
		const at = this.#reader.next();
		assert.ok(at >= 0, "no record was written");
		const value = read(this.#reader, at);
		this.#reader.release();
		return value;
	}
}

function requestWorld() {
	const records = new Records();
	const slots = new Map<number, Uint8Array>();
	const memory = new SharedMemory((message: MemoryMessage) => {
		if (message.kind === "memory") slots.set(message.id, message.bytes);
		else slots.delete(message.id);
	});
	return {
		records,
		memory,
		slots,
		writer: new RequestWriter(records, memory),
		reader: new RequestReader((id) => slots.get(id)!),
	};
}

const FP32: DType = "FP32";

function request(
	memory: SharedMemory,
	more: Partial<InferRequest> = {},
): InferRequest {
	const data = memory.allocate(64).fill(7).subarray(8, 24);
	return {
		modelName: "m",
		modelVersion: "",
		id: "",
		inputs: [{ name: "x", dtype: FP32, shape: [1, 4], parameters: null, data }],
		outputs: null,
		parameters: null,
		priority: 0,
		timeoutUs: 0,
		sequence: null,
		deadlineUs: Number.POSITIVE_INFINITY,
		receivedUs: 12.5,
		lease: null,
		...more,
	};
}

/** As literals make them, which is what `deepEqual` compares with. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
	fc.record(model, { noNullPrototype: true });
const name = fc.string({ minLength: 1, maxLength: 12 });
const shape = fc.array(fc.nat(1000), { maxLength: 4 });
const instant = fc.oneof(
	fc.double({ noNaN: true }),
	fc.constant(Number.POSITIVE_INFINITY),
);

test("a request is read as it was written, and its tensors where they lie", () => {
	const arbitrary = record({
		modelName: name,
		modelVersion: fc.string({ maxLength: 3 }),
		id: fc.oneof(
			fc.constant(""),
			fc.string({ maxLength: 100, unit: "binary" }),
		),
		inputs: fc.array(record({ name, shape, bytes: fc.nat(40) }), {
			maxLength: 4,
		}),
		priority: fc.nat(1000),
		timeoutUs: fc.nat(),
		deadlineUs: instant,
		receivedUs: instant,
		outputs: fc.option(
			fc.array(
				record({
					name,
					classification: fc.nat(9),
					parameters: fc.constant(null),
				}),
				{ maxLength: 3 },
			),
		),
	});
	fc.assert(
		fc.property(fc.array(arbitrary, { maxLength: 80 }), (all) => {
			const { records, memory, writer, reader } = requestWorld();
			for (const [callId, given] of all.entries()) {
				const inputs: InferRequest["inputs"] = given.inputs.map(
					({ name, shape, bytes }, index) => ({
						name,
						dtype: FP32,
						shape,
						parameters: null,
						data: memory
							.allocate(64)
							.fill(index)
							.subarray(3, 3 + bytes),
					}),
				);
				const whole: InferRequest = { ...request(memory), ...given, inputs };
				assert.equal(writer.write(callId, whole), true);
				const { lease: _, ...expected } = whole;
				const read = records.next((space, at) => {
					assert.equal(space.int32[at / 4 + 1], callId);
					return reader.read(space, at);
				});
				assert.deepEqual(read, expected);
				for (const [index, { data }] of read.inputs.entries())
					if (data.byteLength > 0)
						assert.equal(data.buffer, inputs[index]!.data.buffer);
			}
		}),
		{ numRuns: 50 },
	);
});

test("what is the same for all requests is sent once", () => {
	const { records, memory, writer, reader } = requestWorld();
	const lengths: number[] = [];
	for (let i = 0; i < 3; i++) {
		writer.write(i, request(memory));
		records.next((space, at) => {
			lengths.push(space.byteLength);
			reader.read(space, at);
		});
	}
	assert.ok(lengths[0]! > lengths[1]!);
	assert.equal(lengths[1], lengths[2]);
});

test("what no record can carry is left to a message", () => {
	const { records, memory, writer } = requestWorld();
	const heap = { ...request(memory).inputs[0]!, data: new Uint8Array(4) };
	const cases: Partial<InferRequest>[] = [
		{ parameters: new Map([["a", 1]]) },
		{ sequence: { id: 1n, start: true, end: false } },
		{ inputs: [heap] },
		{ inputs: [{ ...heap, parameters: new Map() }] },
		{ inputs: Array(257).fill({ ...heap, data: new Uint8Array(0) }) },
		{ id: "x".repeat(1025) },
		{ modelName: "m".repeat(17_000) },
		{ priority: 2 ** 40 },
		{ outputs: [{ name: "y", classification: 0, parameters: new Map() }] },
	];
	for (const more of cases)
		assert.equal(writer.write(1, request(memory, more)), false);
	assert.equal(records.count, 0);
});

function response(more: Partial<InferResponse> = {}): InferResponse {
	return {
		modelName: "m",
		modelVersion: "1",
		id: "",
		parameters: null,
		outputs: [],
		...more,
	};
}

test("an answer is read as it was written", () => {
	const arbitrary = record({
		modelVersion: fc.string({ maxLength: 3 }),
		outputs: fc.array(
			record({
				name,
				dtype: fc.constant(FP32),
				shape,
				data: fc.uint8Array({ maxLength: 100 }),
			}),
			{ maxLength: 4 },
		),
	});
	fc.assert(
		fc.property(fc.array(arbitrary, { maxLength: 80 }), (all) => {
			const records = new Records();
			const writer = new AnswerWriter(records);
			const reader = new AnswerReader();
			for (const [callId, given] of all.entries()) {
				assert.ok(writer.response(callId, response(given), callId % 2 === 0));
				records.next((space, at) => {
					assert.equal(space.int32[at / 4 + 1], callId);
					assert.equal(space.int32[at / 4 + 4], callId % 2 === 0 ? 1 : 0);
					assert.deepEqual(reader.response(space, at), given);
				});
			}
		}),
		{ numRuns: 50 },
	);
});

test("large outputs, and answers with parameters, are left to a message", () => {
	const writer = new AnswerWriter(new Records());
	const data = new Uint8Array(64 * 1024 + 1);
	const outputs = [{ name: "y", dtype: FP32, shape: [1], data }];
	assert.equal(writer.response(1, response({ outputs }), true), false);
	const parameters = new Map([["a", 1]]);
	assert.equal(writer.response(1, response({ parameters }), true), false);
});

test("an error crosses with its code, reason and numbers; a text without end is cut", () => {
	const records = new Records();
	const writer = new AnswerWriter(records);
	const reader = new AnswerReader();
	const error = {
		code: "QUEUE_FULL",
		message: "full",
		details: { queued: 3 },
		refusedBecause: "queue-full",
	} as const;
	writer.error(1, error, true);
	assert.deepEqual(
		records.next((space, at) => reader.error(space, at)),
		error,
	);
	writer.error(2, { ...error, message: "x".repeat(1e6) }, true);
	const cut = records.next((space, at) => reader.error(space, at));
	assert.equal(cut.message.length, 16 * 1024);
});
