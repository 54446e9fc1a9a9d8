import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DType } from "@saccade/protocol";
import { parseConfigText } from "../repository/config-text.ts";
import { resolveConfig } from "../repository/resolve-config.ts";
import { encodeBytesElements } from "../tensor/bytes-elements.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import type { InferInput, InferRequest } from "./inference.ts";
import { RequestContract } from "./request-contract.ts";

function contract(config: string, inputs: readonly TensorSpec[]) {
	const signature = { inputs, outputs: inputs };
	return new RequestContract({
		session: signature,
		config: resolveConfig(
			parseConfigText(config, "config").message,
			signature,
			{
				name: "m",
				autoComplete: true,
				defaultMaxBatchSize: 0,
				defaultInstanceCount: 1,
			},
		),
	});
}

const spec = (name: string, dtype: DType, ...shape: number[]): TensorSpec => ({
	name,
	dtype,
	shape,
});

function input(
	name: string,
	dtype: DType,
	shape: readonly number[],
	data: number | Uint8Array,
): InferInput {
	const bytes = typeof data === "number" ? new Uint8Array(data) : data;
	return { name, dtype, shape, data: bytes, parameters: null };
}

function request(...inputs: InferInput[]): InferRequest {
	return {
		modelName: "m",
		modelVersion: "",
		id: "",
		inputs,
		outputs: null,
		parameters: null,
		priority: 0,
		timeoutUs: 0,
		sequence: null,
		deadlineUs: Number.POSITIVE_INFINITY,
		receivedUs: 0,
		lease: null,
	};
}

function refuses(
	of: RequestContract,
	text: string,
	...inputs: InferInput[]
): void {
	assert.throws(() => of.check(request(...inputs)), {
		code: "INVALID_ARGUMENT",
		message: text,
	});
}

const NOTE =
	" NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each input shape. If you want to specify the full shape including the batch dim in your input dims config, try setting max_batch_size to zero. See the model configuration docs for more info on max_batch_size.";

describe("a batched model of two inputs", () => {
	const pair = contract("max_batch_size: 8", [
		spec("a", "FP32", -1, 4),
		spec("b", "INT8", -1, 2),
	]);
	const a = (rows: number) => input("a", "FP32", [rows, 4], 16 * rows);
	const b = (rows: number) => input("b", "INT8", [rows, 2], 2 * rows);

	test("takes them in any order, and gives them in the model's", () => {
		for (const given of [
			[a(3), b(3)],
			[b(3), a(3)],
		]) {
			const checked = pair.check(request(...given));
			assert.equal(checked.rows, 3);
			assert.deepEqual(checked.shapes, [
				[3, 4],
				[3, 2],
			]);
			assert.deepEqual(
				checked.data.map((bytes) => bytes?.byteLength),
				[48, 6],
			);
			assert.equal(checked.shapeKey, "", "all requests may share a batch");
		}
	});

	test("does not make the shapes of a batch size twice", () => {
		const shapes = () => pair.check(request(a(2), b(2))).shapes;
		assert.equal(shapes(), shapes());
	});

	test("refuses names that are missing, unknown or there twice", () => {
		refuses(
			pair,
			"expected 2 inputs but got 1 inputs for model 'm'. Got input(s) ['a'], but missing required input(s) ['b']. Please provide all required input(s).",
			a(1),
		);
		refuses(
			pair,
			"expected 2 inputs but got 0 inputs for model 'm'. Got input(s) [], but missing required input(s) ['a','b']. Please provide all required input(s).",
		);
		refuses(
			pair,
			"unexpected inference input 'c' for model 'm'",
			a(1),
			b(1),
			input("c", "FP32", [1, 4], 16),
		);
		refuses(pair, "input 'a' already exists in request", a(1), a(1));
	});

	test("refuses types, batches and shapes in Triton's words", () => {
		refuses(
			pair,
			"inference input 'a' data-type is 'INT32', but model 'm' expects 'FP32'",
			input("a", "INT32", [1, 4], 16),
			b(1),
		);
		refuses(
			pair,
			"inference request batch-size must be <= 8 for 'm'",
			a(9),
			b(9),
		);
		refuses(
			pair,
			"input 'b' batch size does not match other inputs for 'm'",
			a(1),
			b(2),
		);
		for (const shape of [[1, 5], [4], [1, 4, 1], []])
			refuses(
				pair,
				`unexpected shape for input 'a' for model 'm'. Expected [-1,4], got [${shape}].${NOTE}`,
				input("a", "FP32", shape, 16),
				b(1),
			);
		for (const shape of [
			[0, 4],
			[-1, 4],
			[1, -1],
		])
			refuses(
				pair,
				`All input dimensions should be specified for input 'a' for model 'm', got [${shape}]`,
				input("a", "FP32", shape, 16),
				b(1),
			);
	});

	test("refuses data of another size than the shape says", () => {
		for (const bytes of [15, 17, 0])
			refuses(
				pair,
				`input byte size mismatch for input 'a' for model 'm'. Expected 16, got ${bytes}`,
				input("a", "FP32", [1, 4], bytes),
				b(1),
			);
	});
});

describe("dynamic dimensions", () => {
	const dynamic = contract(
		'max_batch_size: 4 input { name: "x" data_type: TYPE_FP32 dims: [ -1, 2 ] }',
		[spec("x", "FP32", -1, -1, 2)],
	);

	test("keep requests of different shapes out of one batch", () => {
		const key = (rows: number, width: number) =>
			dynamic.check(
				request(input("x", "FP32", [rows, width, 2], rows * width * 8)),
			).shapeKey;
		assert.equal(key(1, 3), key(2, 3));
		assert.notEqual(key(1, 3), key(1, 4));
	});

	test("are bounded: a count beyond exact numbers, and bytes beyond them, are refused", () => {
		refuses(
			dynamic,
			`shape [1,${2 ** 53},2] of input 'x' causes total element count to exceed maximum size of ${Number.MAX_SAFE_INTEGER}`,
			input("x", "FP32", [1, 2 ** 53, 2], 0),
		);
		refuses(
			dynamic,
			"byte size overflow for input 'x'",
			input("x", "FP32", [1, 2 ** 51, 2], 0),
		);
		refuses(
			dynamic,
			`input byte size mismatch for input 'x' for model 'm'. Expected ${2 ** 40 * 8}, got 8`,
			input("x", "FP32", [1, 2 ** 40, 2], 8),
		);
	});
});

describe("optional inputs", () => {
	const optional = contract(
		`input { name: "x" data_type: TYPE_FP32 dims: [ 2 ] }
		input { name: "y" data_type: TYPE_FP32 dims: [ 2 ] optional: true }`,
		[spec("x", "FP32", 2), spec("y", "FP32", 2)],
	);
	const x = input("x", "FP32", [2], 8);

	test("may be left out, and then do not share a batch with those that are not", () => {
		const without = optional.check(request(x));
		assert.deepEqual(without.shapes, [[2], null]);
		assert.equal(without.data[1], null);
		const whole = optional.check(request(x, input("y", "FP32", [2], 8)));
		assert.notEqual(without.shapeKey, whole.shapeKey);
	});

	test("make the count of inputs a range in the text", () => {
		refuses(
			optional,
			"expected number of inputs between 1 and 2 but got 1 inputs for model 'm'. Got input(s) ['y'], but missing required input(s) ['x']. Please provide all required input(s).",
			input("y", "FP32", [2], 8),
		);
	});
});

test("a reshape gives the model its own shape, and the client's is what is checked", () => {
	const reshaped = contract(
		'max_batch_size: 4 input { name: "x" data_type: TYPE_FP32 dims: [ 1 ] reshape { shape: [ ] } }',
		[spec("x", "FP32", -1)],
	);
	const { shapes } = reshaped.check(request(input("x", "FP32", [3, 1], 12)));
	assert.deepEqual(shapes, [[3]]);
});

describe("strings", () => {
	const strings = contract("", [spec("s", "BYTES", 2)]);
	const elements = (...texts: string[]) =>
		encodeBytesElements(texts.map((text) => Buffer.from(text)));
	const given = (data: Uint8Array) => input("s", "BYTES", [2], data);

	test("may hold anything, NUL and nothing included", () => {
		const data = elements("a\0b", "");
		assert.equal(strings.check(request(given(data))).data[0], data);
	});

	test("are counted, and a length that lies is refused", () => {
		const place = "for inference input 's' for model 'm'";
		refuses(
			strings,
			`unexpected number of string elements 3 ${place}, expecting 2`,
			given(elements("a", "b", "c")),
		);
		refuses(
			strings,
			`expected 2 string elements ${place}, got 1`,
			given(elements("a")),
		);
		refuses(
			strings,
			`incomplete string length indicator ${place}, expecting 4 bytes but only 3 bytes available. Please make sure the string length indicator is in one buffer.`,
			given(elements("a", "b").subarray(0, 8)),
		);
		refuses(
			strings,
			`incomplete string data ${place}, 4294967294 bytes are missing`,
			given(Uint8Array.of(255, 255, 255, 255, 1)),
		);
	});
});
