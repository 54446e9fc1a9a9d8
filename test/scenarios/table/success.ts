// Requests that are answered, and with what.
import { DTYPES, type DType } from "@saccade/protocol";
import type { Scenario, TransportName } from "../scenario.ts";
import type { Value } from "../tensors.ts";
import { floats, input, pair, range } from "./requests.ts";

const sums = (rows = 1) => range(rows * 16, 1);
const differences = (rows = 1) => range(rows * 16, -1);

/** The ends of each type's range, and what lies beside them. */
const VALUES: Readonly<Record<DType, readonly Value[]>> = {
	BOOL: [true, false, true],
	UINT8: [0, 1, 255],
	UINT16: [0, 256, 65_535],
	UINT32: [0, 65_536, 4_294_967_295],
	UINT64: [0n, 9_007_199_254_740_993n, 2n ** 64n - 1n],
	INT8: [-128, -1, 127],
	INT16: [-32_768, -1, 32_767],
	INT32: [-2_147_483_648, -1, 2_147_483_647],
	INT64: [-(2n ** 63n), -9_007_199_254_740_993n, 2n ** 63n - 1n],
	// 16-bit words: 1, the largest finite number, −0.
	FP16: [0x3c00, 0x7bff, 0x8000],
	BF16: [0x3f80, 0x7f7f, 0x8000],
	FP32: [Math.fround(0.1), -1.5, Math.fround(3.4e38)],
	FP64: [0.1, -1e-300, Number.MAX_VALUE],
	BYTES: ["", "größer 🚗", "with \0 inside"],
};

const RAW_ONLY: readonly TransportName[] = [
	"HTTP binary",
	"gRPC raw contents",
	"gRPC stream",
];

export const SUCCESSES: readonly Scenario[] = [
	{
		name: "the id comes back",
		request: { model: "simple", id: "request-7", inputs: pair() },
		answers: {
			id: "request-7",
			outputs: [
				["OUTPUT0", [1, 16], sums()],
				["OUTPUT1", [1, 16], differences()],
			],
		},
	},
	{
		name: "an id beyond ASCII comes back, and none is none",
		request: { model: "twice", id: "Größe-🚗", inputs: [floats([1])] },
		answers: {
			id: "Größe-🚗",
			version: "3",
			outputs: [["OUTPUT0", [1, 1], [1]]],
		},
	},
	{
		name: "a batch is answered row by row",
		request: { model: "simple", inputs: pair(8) },
		answers: {
			outputs: [
				["OUTPUT0", [8, 16], sums(8)],
				["OUTPUT1", [8, 16], differences(8)],
			],
		},
	},
	{
		name: "inputs may come in any order",
		request: { model: "simple", inputs: pair().reverse() },
		answers: {
			outputs: [
				["OUTPUT0", [1, 16], sums()],
				["OUTPUT1", [1, 16], differences()],
			],
		},
	},
	{
		name: "outputs come in the order asked for",
		request: {
			model: "simple",
			inputs: pair(),
			outputs: [{ name: "OUTPUT1" }, { name: "OUTPUT0" }],
		},
		answers: {
			outputs: [
				["OUTPUT1", [1, 16], differences()],
				["OUTPUT0", [1, 16], sums()],
			],
		},
	},
	{
		name: "only the outputs asked for come",
		request: {
			model: "simple",
			inputs: pair(),
			outputs: [{ name: "OUTPUT1" }],
		},
		answers: { outputs: [["OUTPUT1", [1, 16], differences()]] },
	},
	{
		name: "an empty version is the highest",
		request: { model: "twice", inputs: [floats([1, 2])] },
		answers: { version: "3", outputs: [["OUTPUT0", [1, 2], [1, 2]]] },
	},
	{
		name: "a version is the one asked for",
		request: { model: "twice", version: "1", inputs: [floats([1, 2])] },
		answers: { version: "1", outputs: [["OUTPUT0", [1, 2], [1, 2]]] },
	},
	{
		name: "a model without batching takes its full shape",
		request: {
			model: "no_batch",
			inputs: [input("input", "FP32", [3, 4], range(12))],
		},
		answers: {
			outputs: [["output", [3, 4], range(12).map((value) => value * 2)]],
		},
	},
	{
		name: "a scalar travels as one element",
		request: { model: "scalar", inputs: [input("input", "FP32", [1], [21])] },
		answers: { outputs: [["output", [1], [42]]] },
	},
	{
		name: "strings are added as numbers by the model that does so",
		request: {
			model: "simple_string",
			inputs: pair().map((tensor) => ({
				...tensor,
				dtype: "BYTES" as const,
				values: tensor.values.map(String),
			})),
		},
		answers: {
			outputs: [
				["OUTPUT0", [1, 16], sums().map(String)],
				["OUTPUT1", [1, 16], differences().map(String)],
			],
		},
	},
	...DTYPES.map((dtype): Scenario => {
		const values = VALUES[dtype];
		return {
			name: `${dtype} values come back exactly`,
			request: {
				model: `identity_${dtype.toLowerCase()}`,
				inputs: [input("INPUT0", dtype, [1, 3], values)],
			},
			answers: { outputs: [["OUTPUT0", [1, 3], values]] },
			...((dtype === "FP16" || dtype === "BF16") && { only: RAW_ONLY }),
		};
	}),
	...(["FP32", "FP64"] as const).map(
		(dtype): Scenario => ({
			name: `NaN, the infinities and −0 of ${dtype} come back`,
			request: {
				model: `identity_${dtype.toLowerCase()}`,
				inputs: [
					input("INPUT0", dtype, [1, 4], [Number.NaN, Infinity, -Infinity, -0]),
				],
			},
			answers: {
				outputs: [["OUTPUT0", [1, 4], [Number.NaN, Infinity, -Infinity, -0]]],
			},
		}),
	),
	...([1, 2, 7, 1000] as const).map(
		(length): Scenario => ({
			name: `a free dimension may be ${length}`,
			request: {
				model: "identity_int32",
				inputs: [input("INPUT0", "INT32", [2, length], range(2 * length))],
			},
			answers: { outputs: [["OUTPUT0", [2, length], range(2 * length)]] },
		}),
	),
	...(["FP32", "INT64", "BYTES"] as const).map(
		(dtype): Scenario => ({
			name: `an empty ${dtype} tensor is answered as one`,
			request: {
				model: `identity_${dtype.toLowerCase()}`,
				inputs: [input("INPUT0", dtype, [1, 0], [])],
			},
			answers: { outputs: [["OUTPUT0", [1, 0], []]] },
		}),
	),
	{
		name: "classification answers value, index and label of the best",
		request: {
			model: "classifier",
			inputs: [input("features", "FP32", [2, 4], [1, 3.3, 2, 0, 0, 0, 9, 4])],
			outputs: [{ name: "scores", parameters: { classification: 2 } }],
		},
		answers: {
			outputs: [
				[
					"scores",
					[2, 2],
					[
						"3.300000:1:green",
						"2.000000:2:blue",
						"9.000000:2:blue",
						"2.000000:0:red",
					],
				],
			],
		},
	},
	{
		name: "classification of more classes than there are answers all",
		request: {
			model: "classifier",
			inputs: [input("features", "FP32", [1, 4], [1, 3, 2, 0])],
			outputs: [{ name: "scores", parameters: { classification: 100 } }],
		},
		answers: {
			outputs: [
				[
					"scores",
					[1, 3],
					["3.000000:1:green", "2.000000:2:blue", "1.000000:0:red"],
				],
			],
		},
	},
	{
		name: "classification of integers prints integers",
		request: {
			model: "simple",
			inputs: pair(),
			outputs: [{ name: "OUTPUT1", parameters: { classification: 2 } }],
		},
		answers: { outputs: [["OUTPUT1", [1, 2], ["14:15", "13:14"]]] },
	},
	{
		name: "parameters of every type, known and own, are taken",
		request: {
			model: "twice",
			inputs: [floats([5])],
			parameters: {
				priority: 1,
				timeout: 5_000_000,
				deadline_ms: 60_000,
				camera: "front",
				gain: 1.5,
				night: false,
				exposure_ns: 9_007_199_254_740_993n,
			},
		},
		answers: { version: "3", outputs: [["OUTPUT0", [1, 1], [5]]] },
	},
	{
		name: "a megabyte goes there and back",
		request: {
			model: "identity_fp32",
			inputs: [input("INPUT0", "FP32", [4, 65_536], range(4 * 65_536))],
		},
		answers: {
			outputs: [["OUTPUT0", [4, 65_536], range(4 * 65_536)]],
		},
	},
	{
		name: "a row shorter than its shape bucket is answered as if it had run alone",
		request: {
			model: "longest",
			inputs: [
				input("values", "FP32", [2, 3], [-5, -2, -9, 1, 7, 3]),
				input("others", "FP32", [2, 3], [1, 2, 3, 4, 5, 6]),
			],
		},
		answers: {
			outputs: [
				["largest", [2, 1], [-2, 7]],
				["sums", [2, 3], [-4, 0, -6, 5, 12, 9]],
			],
		},
	},
	{
		name: "outputs that are a part of a padded size are cut to that part",
		request: {
			model: "edges",
			inputs: [
				input(
					"image",
					"FP32",
					[1, 1, 3, 5],
					[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
				),
			],
			outputs: [{ name: "halved" }, { name: "sum" }],
		},
		answers: {
			outputs: [
				["halved", [1, 1, 2, 3], [3, 0, 0, 0, 0, 6]],
				["sum", [1, 1], [3]],
			],
		},
	},
];
