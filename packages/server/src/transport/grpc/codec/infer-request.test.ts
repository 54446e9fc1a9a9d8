// The hand-written reader against protobuf-es: the same message, whatever its bytes look like.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
	create,
	type MessageInitShape,
	protoInt64,
	toBinary,
} from "@bufbuild/protobuf";
import type { DType } from "@saccade/protocol";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import fc from "fast-check";
import { isSaccadeError } from "../../../errors/saccade-error.ts";
import { mulberry32 } from "../test-support/random.ts";
import { type DecodedRequest, InferRequestReader } from "./infer-request.ts";

type Init = MessageInitShape<typeof ModelInferRequestSchema>;

function encode(init: Init): Uint8Array {
	return toBinary(
		ModelInferRequestSchema,
		create(ModelInferRequestSchema, init),
	);
}

function read(init: Init): DecodedRequest {
	return new InferRequestReader().read(encode(init));
}

function failure(bytes: Uint8Array): { code: string; message: string } {
	try {
		new InferRequestReader().read(bytes);
	} catch (error) {
		assert.ok(isSaccadeError(error), String(error));
		return error;
	}
	return assert.fail("it was read");
}

const FLOATS = new Uint8Array(Float32Array.of(1, -2, 0.5).buffer);
const PLAIN: Init = {
	modelName: "mlp",
	id: "a",
	inputs: [{ name: "x", datatype: "FP32", shape: [1n, 3n] }],
	rawInputContents: [FLOATS],
};

describe("reading ModelInferRequest", () => {
	test("reads every field", () => {
		const { head, id, inputs } = read({
			...PLAIN,
			modelVersion: "7",
			parameters: {
				priority: { parameterChoice: { case: "uint64Param", value: 2n } },
				timeout: { parameterChoice: { case: "int64Param", value: 500n } },
				deadline_ms: { parameterChoice: { case: "doubleParam", value: 1.5 } },
				sequence_id: { parameterChoice: { case: "stringParam", value: "s" } },
				sequence_start: { parameterChoice: { case: "boolParam", value: true } },
				mine: { parameterChoice: { case: "stringParam", value: "kept" } },
			},
			outputs: [
				{
					name: "y",
					parameters: {
						classification: {
							parameterChoice: { case: "int64Param", value: 3n },
						},
					},
				},
			],
		});
		assert.equal(id, "a");
		assert.deepEqual(
			[head.modelName, head.modelVersion, head.priority, head.timeoutUs],
			["mlp", "7", 2, 500],
		);
		assert.equal(head.deadlineMs, 1.5);
		assert.deepEqual(head.sequence, { id: "s", start: true, end: false });
		assert.deepEqual(head.others, new Map([["mine", "kept"]]));
		assert.equal(head.outputs?.[0]?.name, "y");
		assert.equal(head.outputs?.[0]?.classification, 3);
		assert.deepEqual(inputs[0]?.shape, [1, 3]);
		assert.deepEqual(Buffer.from(inputs[0]?.data ?? []), Buffer.from(FLOATS));
	});

	test("hands tensors over as views of the message, not copies", () => {
		const bytes = encode(PLAIN);
		const { inputs } = new InferRequestReader().read(bytes);
		assert.equal(inputs[0]?.data.buffer, bytes.buffer);
	});

	test("takes a numeric sequence id, and none for 0", () => {
		const withId = (value: bigint) =>
			read({
				...PLAIN,
				parameters: {
					sequence_id: { parameterChoice: { case: "int64Param", value } },
				},
			}).head.sequence;
		assert.equal(withId(42n)?.id, 42n);
		assert.equal(withId(0n), null);
	});

	for (const [dtype, contents, expected] of typedCases())
		test(`turns typed contents of ${dtype} into the tensor's bytes`, () => {
			const shape = [BigInt(expected.length)];
			const { inputs } = read({
				modelName: "m",
				inputs: [{ name: "x", datatype: dtype, shape, contents }],
			});
			const data = Buffer.from(inputs[0]?.data ?? []);
			assert.deepEqual(data, Buffer.from(expected));
		});

	test("takes repeated scalars one by one as well as packed", () => {
		// input { name "x", datatype "INT8", shape 2 (unpacked), contents { int 1, int 2 (unpacked) } }
		const contents = [0x2a, 4, 0x10, 1, 0x10, 2];
		const input = [
			...[0x0a, 1, 0x78, 0x12, 4, ...Buffer.from("INT8"), 0x18, 2],
			...contents,
		];
		const bytes = Uint8Array.of(0x2a, input.length, ...input);
		const { inputs } = new InferRequestReader().read(bytes);
		assert.deepEqual(inputs[0]?.shape, [2]);
		assert.deepEqual([...(inputs[0]?.data ?? [])], [1, 2]);
	});

	test("skips fields that it does not know", () => {
		const unknown = [0xf8, 0x07, 0x05, 0xfa, 0x07, 0x01, 0x00]; // 127: varint, 127: one byte
		const bytes = Uint8Array.of(...unknown, ...encode(PLAIN), ...unknown);
		const { head, inputs } = new InferRequestReader().read(bytes);
		assert.equal(head.modelName, "mlp");
		assert.equal(inputs.length, 1);
	});
});

describe("refusing ModelInferRequest", () => {
	const typed = { contents: { fp32Contents: [1, 2, 3] } };
	const cases: [why: string, init: Init, code: string, text: RegExp][] = [
		[
			"typed and raw contents together",
			{
				...PLAIN,
				inputs: [{ name: "x", datatype: "FP32", shape: [3n], ...typed }],
			},
			"INVALID_ARGUMENT",
			/^contents field must not be specified when using raw_input_contents for 'x' for model 'mlp'$/,
		],
		[
			"an input without data",
			{ ...PLAIN, rawInputContents: [] },
			"INVALID_ARGUMENT",
			/^unable to find data for input tensor 'x' for model 'mlp' in request\.$/,
		],
		[
			"more raw contents than inputs",
			{ ...PLAIN, rawInputContents: [FLOATS, FLOATS] },
			"INVALID_ARGUMENT",
			/expected 1 raw_input_contents but got 2/,
		],
		[
			"an unknown datatype",
			{ modelName: "m", inputs: [{ name: "x", datatype: "FP31" }] },
			"INVALID_ARGUMENT",
			/'FP31'/,
		],
		[
			"a value out of range",
			inputOf("UINT8", { uintContents: [256] }),
			"INVALID_ARGUMENT",
			/value 256 of input 'x' is outside the range of UINT8/,
		],
		[
			"contents in another type's field",
			inputOf("INT8", { uintContents: [1] }),
			"INVALID_ARGUMENT",
			/not in the field for INT8/,
		],
		[
			"typed contents of FP16",
			inputOf("FP16", { fp32Contents: [1] }),
			"INVALID_ARGUMENT",
			/must be sent in raw_input_contents/,
		],
		[
			"a rank of 65",
			{ inputs: [{ name: "x", datatype: "FP32", shape: Array(65).fill(1n) }] },
			"MALFORMED",
			/more than 64 dimensions/,
		],
		[
			"1001 inputs",
			{ inputs: Array.from({ length: 1001 }, () => ({ datatype: "INT8" })) },
			"MALFORMED",
			/more than 1000 inputs/,
		],
		[
			"a reserved parameter",
			withParameter("triton_x", { case: "boolParam", value: true }),
			"INVALID_ARGUMENT",
			/starting with 'triton_' are reserved/,
		],
		[
			"a priority that is text",
			withParameter("priority", { case: "stringParam", value: "1" }),
			"INVALID_ARGUMENT",
			/'priority' must be an unsigned integer/,
		],
		[
			"a deadline that is text",
			withParameter("deadline_ms", { case: "stringParam", value: "soon" }),
			"INVALID_ARGUMENT",
			/'deadline_ms' must be a number/,
		],
		[
			"a classification of 0",
			{
				...PLAIN,
				outputs: [
					{
						name: "y",
						parameters: {
							classification: {
								parameterChoice: { case: "int64Param", value: 0n },
							},
						},
					},
				],
			},
			"INVALID_ARGUMENT",
			/'classification' of output 'y' must be an integer > 0/,
		],
	];
	for (const [why, init, code, text] of cases)
		test(`refuses ${why}`, () => {
			const error = failure(encode(init));
			assert.equal(error.code, code);
			assert.match(error.message, text);
		});

	test("refuses a message that is cut off anywhere, or reads what is whole", () => {
		const bytes = encode(PLAIN);
		const codes = new Set<string>();
		for (let length = 1; length < bytes.length; length++)
			codes.add(attempt(bytes.subarray(0, length)));
		assert.deepEqual(
			[...codes].sort(),
			["INVALID_ARGUMENT", "MALFORMED", "read"].sort(),
		);
	});
});

describe("heads seen before", () => {
	test("are the same head, with the id and the tensors of each message", () => {
		const reader = new InferRequestReader();
		const first = reader.read(encode(PLAIN));
		const second = reader.read(
			encode({ ...PLAIN, id: "other", rawInputContents: [FLOATS.slice(4)] }),
		);
		assert.equal(second.head, first.head);
		assert.deepEqual([first.id, second.id], ["a", "other"]);
		assert.equal(second.inputs[0]?.data.byteLength, 8);
	});

	test("still refuse surplus and missing raw contents", () => {
		const reader = new InferRequestReader();
		reader.read(encode(PLAIN));
		const surplus = encode({ ...PLAIN, rawInputContents: [FLOATS, FLOATS] });
		assert.throws(() => reader.read(surplus), /but got 2/);
		const missing = encode({ ...PLAIN, rawInputContents: [] });
		assert.throws(() => reader.read(missing), /unable to find data/);
	});

	test("never change what a message means", () => {
		const shared = new InferRequestReader();
		fc.assert(
			fc.property(request, fc.integer(), (init, seed) => {
				const bytes = shuffleFields(encode(init), seed);
				assert.deepEqual(
					shared.read(bytes),
					new InferRequestReader().read(bytes),
				);
				assert.deepEqual(
					shared.read(bytes),
					new InferRequestReader().read(bytes),
				);
			}),
			{ seed: 7, numRuns: 300 },
		);
	});

	test("tell name, version and place of the tensors at a glimpse", () => {
		const reader = new InferRequestReader();
		const bytes = encode({ ...PLAIN, modelVersion: "2" });
		const expected = {
			modelName: "mlp",
			modelVersion: "2",
			rawOffset: bytes.length - FLOATS.length,
		};
		assert.deepEqual(reader.glimpse(bytes), expected);
		reader.read(bytes);
		assert.deepEqual(reader.glimpse(bytes), expected);
		assert.equal(reader.glimpse(bytes.subarray(0, 3)).modelName, null);
	});
});

describe("random messages", () => {
	test("mean what protobuf-es says, in any order of fields", () => {
		fc.assert(
			fc.property(request, fc.integer(), (init, seed) => {
				const bytes = shuffleFields(encode(init), seed);
				const message = create(ModelInferRequestSchema, init);
				const { head, id, inputs } = new InferRequestReader().read(bytes);
				assert.equal(head.modelName, message.modelName);
				assert.equal(head.modelVersion, message.modelVersion);
				assert.equal(id, message.id);
				assert.deepEqual(
					inputs.map(({ name, dtype, shape, data }) => ({
						name,
						dtype,
						shape: shape.map(BigInt),
						data: Buffer.from(data),
					})),
					message.inputs.map(({ name, datatype, shape }, i) => ({
						name,
						dtype: datatype,
						shape,
						data: Buffer.from(message.rawInputContents[i] ?? []),
					})),
				);
				assert.deepEqual(
					(head.outputs ?? []).map(({ name }) => name),
					message.outputs.map(({ name }) => name),
				);
				assert.deepEqual(
					new Map(head.others ?? []),
					new Map(
						Object.entries(message.parameters).map(([key, value]) => [
							key,
							value.parameterChoice.value,
						]),
					),
				);
			}),
			{ seed: 3, numRuns: 500 },
		);
	});

	test("broken at random places end in a typed error, or are read", () => {
		const random = mulberry32(11);
		const samples = fc.sample(request, { seed: 5, numRuns: 40 }).map(encode);
		const seen = new Set<string>();
		for (let round = 0; round < 20_000; round++) {
			const bytes = samples[round % samples.length]!.slice();
			const hits = 1 + Math.floor(random() * 4);
			for (let hit = 0; hit < hits && bytes.length > 0; hit++)
				bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
			seen.add(attempt(bytes));
		}
		for (const outcome of seen)
			assert.match(outcome, /^(read|MALFORMED|INVALID_ARGUMENT)$/);
		assert.ok(seen.has("read") && seen.has("MALFORMED"));
	});
});

function attempt(bytes: Uint8Array): string {
	try {
		new InferRequestReader().read(bytes);
		return "read";
	} catch (error) {
		return isSaccadeError(error) ? error.code : `not typed: ${error}`;
	}
}

function inputOf(
	datatype: DType,
	contents: NonNullable<
		NonNullable<NonNullable<Init["inputs"]>[number]["contents"]>
	>,
): Init {
	return { inputs: [{ name: "x", datatype, shape: [1n], contents }] };
}

function withParameter(
	key: string,
	parameterChoice: NonNullable<
		NonNullable<NonNullable<Init["parameters"]>[string]["parameterChoice"]>
	>,
): Init {
	return { ...PLAIN, parameters: { [key]: { parameterChoice } } } as Init;
}

function typedCases() {
	const bytes = (array: ArrayBufferView) =>
		new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
	type Contents = Parameters<typeof inputOf>[1];
	return [
		["BOOL", { boolContents: [true, false] }, Uint8Array.of(1, 0)],
		["INT8", { intContents: [-128, 127] }, bytes(Int8Array.of(-128, 127))],
		["INT16", { intContents: [-2, 300] }, bytes(Int16Array.of(-2, 300))],
		["INT32", { intContents: [-70_000] }, bytes(Int32Array.of(-70_000))],
		[
			"INT64",
			{ int64Contents: [protoInt64.parse("-9007199254740993")] },
			bytes(BigInt64Array.of(-9007199254740993n)),
		],
		["UINT8", { uintContents: [0, 255] }, Uint8Array.of(0, 255)],
		["UINT16", { uintContents: [65_535] }, bytes(Uint16Array.of(65_535))],
		["UINT32", { uintContents: [4e9] }, bytes(Uint32Array.of(4e9))],
		[
			"UINT64",
			{ uint64Contents: [2n ** 64n - 1n] },
			bytes(BigUint64Array.of(2n ** 64n - 1n)),
		],
		[
			"FP32",
			{ fp32Contents: [1.5, Number.NaN] },
			bytes(Float32Array.of(1.5, Number.NaN)),
		],
		["FP64", { fp64Contents: [Math.PI] }, bytes(Float64Array.of(Math.PI))],
		[
			"BYTES",
			{ bytesContents: [Buffer.from("a\0b"), Buffer.from("")] },
			Uint8Array.of(3, 0, 0, 0, 0x61, 0, 0x62, 0, 0, 0, 0),
		],
	] as const satisfies [DType, Contents, Uint8Array][];
}

const name = fc.string({ maxLength: 12, unit: "grapheme" });
const request: fc.Arbitrary<Init> = fc
	.record({
		modelName: name,
		modelVersion: fc.constantFrom("", "1", "12"),
		id: fc.constantFrom("", "x", "a longer id", "é"),
		parameters: fc.dictionary(
			fc.constantFrom("one", "two", "three"),
			fc.record({
				parameterChoice: fc.oneof(
					fc.record({ case: fc.constant("boolParam"), value: fc.boolean() }),
					fc.record({
						case: fc.constant("int64Param"),
						value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
					}),
					fc.record({ case: fc.constant("stringParam"), value: name }),
					fc.record({ case: fc.constant("doubleParam"), value: fc.double() }),
					fc.record({
						case: fc.constant("uint64Param"),
						value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
					}),
				),
			}),
		),
		inputs: fc.array(
			fc.record({
				name,
				datatype: fc.constantFrom("FP32", "INT8", "BYTES", "BF16"),
				shape: fc.array(fc.bigInt({ min: -1n, max: 2n ** 50n }), {
					maxLength: 5,
				}),
			}),
			{ minLength: 1, maxLength: 3 },
		),
		outputs: fc.array(fc.record({ name }), { maxLength: 3 }),
		raw: fc.array(fc.uint8Array({ maxLength: 200 }), {
			minLength: 3,
			maxLength: 3,
		}),
	})
	.map(
		({ raw, ...init }) =>
			({
				...init,
				rawInputContents: raw.slice(0, init.inputs.length),
			}) as Init,
	);

/** Fields in another order; those of one number keep theirs, as the format asks. */
function shuffleFields(bytes: Uint8Array, seed: number): Uint8Array {
	const random = mulberry32(seed);
	const byNumber = new Map<number, Uint8Array[]>();
	const order: number[] = [];
	for (let at = 0; at < bytes.length; ) {
		const start = at;
		const number = bytes[at++]! >> 3;
		let length = 0;
		for (let shift = 0; ; shift += 7) {
			const octet = bytes[at++]!;
			length |= (octet & 0x7f) << shift;
			if (octet < 0x80) break;
		}
		at += length;
		const fields = byNumber.get(number) ?? [];
		fields.push(bytes.subarray(start, at));
		byNumber.set(number, fields);
		order.splice(Math.floor(random() * (order.length + 1)), 0, number);
	}
	return Buffer.concat(order.map((number) => byNumber.get(number)!.shift()!));
}
