import assert from "node:assert/strict";
import {
	existsSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import fc from "fast-check";
import { ProtobufEncoder } from "../../../../../../scripts/fixtures/protobuf-encoder.ts";
import { liftTensors } from "./lift-tensors.ts";
import { MIN_TENSOR_BYTES } from "./tensor-plan.ts";

const PAGE_BYTES = 4096;

/** A part of a graph: a node, or a tensor with so many bytes of data. */
type Part =
	| { readonly kind: "node"; readonly bytes: number }
	| { readonly kind: "tensor"; readonly bytes: number };

const part = fc.oneof(
	fc.record({
		kind: fc.constant("node" as const),
		bytes: fc.nat({ max: 70_000 }),
	}),
	fc.record({
		kind: fc.constant("tensor" as const),
		bytes: fc.oneof(
			fc.nat({ max: 300_000 }),
			fc.integer({ min: MIN_TENSOR_BYTES - 1, max: MIN_TENSOR_BYTES + 1 }),
		),
	}),
);

function filled(bytes: number, with_: number): Uint8Array {
	return new Uint8Array(bytes).map((_, at) => (at * 7 + with_) & 0xff);
}

/** @param lifted how a tensor reads whose data are elsewhere; null: all data are in the model */
function encode(
	parts: readonly Part[],
	lifted: ((index: number) => ProtobufEncoder) | null,
): Uint8Array {
	const graph = new ProtobufEncoder();
	for (const [index, { kind, bytes }] of parts.entries())
		if (kind === "node")
			graph.message(1, new ProtobufEncoder().bytes(6, filled(bytes, index)));
		else if (lifted !== null && bytes >= MIN_TENSOR_BYTES)
			graph.message(5, lifted(index));
		else graph.message(5, tensorHead(index).bytes(9, filled(bytes, index)));
	graph.float(99, 1.5).text(2, "graph");
	return new ProtobufEncoder()
		.int(1, 8)
		.message(7, graph)
		.text(2, "producer")
		.finish();
}

function tensorHead(index: number): ProtobufEncoder {
	return new ProtobufEncoder().int(1, 3).int(2, 1).text(8, `t${index}`);
}

function setUp(t: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), "saccade-lift-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const path = join(folder, "model.onnx");
	const target = join(folder, "tensors");
	const lift = async (model: Uint8Array) => {
		writeFileSync(path, model);
		rmSync(target, { force: true });
		return liftTensors(path, { target, location: "tensors" });
	};
	return { lift, target };
}

describe("tensors that are taken out of a model", () => {
	test("are all of the large ones, each whole and at a page, and nothing else of the model is touched", async (t) => {
		const { lift, target } = setUp(t);
		let liftedCount = 0;
		await fc.assert(
			fc.asyncProperty(
				fc.array(part, { maxLength: 12 }),
				async (given: readonly Part[]) => {
					// Enough for it to be worth it.
					const parts = [...given, { kind: "tensor", bytes: 1e6 } as const];
					const graph = await lift(encode(parts, null));
					let end = 0;
					const expected = encode(parts, (index) => {
						const { bytes } = parts[index]!;
						const at = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
						end = at + bytes;
						liftedCount++;
						const data = readFileSync(target).subarray(at, end);
						assert.ok(data.equals(filled(bytes, index)), `tensor ${index}`);
						const entry = (key: string, value: string) =>
							new ProtobufEncoder().text(1, key).text(2, value);
						return tensorHead(index)
							.message(13, entry("location", "tensors"))
							.message(13, entry("offset", String(at)))
							.message(13, entry("length", String(bytes)))
							.int(14, 1);
					});
					assert.deepEqual(Buffer.from(graph ?? []), Buffer.from(expected));
					assert.equal(statSync(target).size, end);
				},
			),
			{ numRuns: 20 },
		);
		assert.ok(liftedCount > 30, `${liftedCount}`);
	});

	test("stay where most of a model is something else", async (t) => {
		const { lift, target } = setUp(t);
		const parts: Part[] = [
			{ kind: "tensor", bytes: 50_000 },
			{ kind: "node", bytes: 60_000 },
		];
		assert.equal(await lift(encode(parts, null)), null);
		assert.equal(existsSync(target), false);
	});

	test("stay where they lie elsewhere already", async (t) => {
		const { lift } = setUp(t);
		const elsewhere = tensorHead(0)
			.message(13, new ProtobufEncoder().text(1, "location").text(2, "mine"))
			.bytes(9, filled(50_000, 0));
		const graph = new ProtobufEncoder().message(5, elsewhere);
		const model = new ProtobufEncoder().message(7, graph).finish();
		assert.equal(await lift(model), null);
	});

	test("of a model that is cut anywhere within them are refused", async (t) => {
		const { lift } = setUp(t);
		const model = encode([{ kind: "tensor", bytes: 200_000 }], null);
		for (const bytes of [1, 5, 9, 30, 40, 1000, 150_000, model.length - 1])
			await assert.rejects(lift(model.subarray(0, bytes)), RangeError);
		await assert.rejects(lift(filled(500, 255)), RangeError);
		assert.equal(await lift(new Uint8Array(0)), null);
	});
});
