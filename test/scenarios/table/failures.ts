// Requests that are refused: the code on every wire, and the part of the text that clients match.
import type { Scenario, TransportName } from "../scenario.ts";
import { floats, input, pair, range } from "./requests.ts";

/** Wire forms on which bytes may differ from what the shape says. */
const RAW: readonly TransportName[] = [
	"HTTP binary",
	"gRPC raw contents",
	"gRPC stream",
];
const GRPC: readonly TransportName[] = [
	"gRPC raw contents",
	"gRPC typed contents",
	"gRPC stream",
];

const NOTE =
	"NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each input shape. If you want to specify the full shape including the batch dim in your input dims config, try setting max_batch_size to zero. See the model configuration docs for more info on max_batch_size.";

const NAMES_AND_COUNTS: readonly Scenario[] = [
	{
		name: "an input that the model lacks",
		request: {
			model: "simple",
			inputs: [...pair(), input("INPUT9", "INT32", [1, 16], range(16))],
		},
		fails: {
			status: "invalid",
			text: "unexpected inference input 'INPUT9' for model 'simple'",
		},
	},
	{
		name: "an output that the model lacks",
		request: {
			model: "simple",
			inputs: pair(),
			outputs: [{ name: "OUTPUT9" }],
		},
		fails: {
			status: "invalid",
			text: "unexpected inference output 'OUTPUT9' for model 'simple'",
		},
	},
	{
		name: "an input given twice",
		request: { model: "simple", inputs: [...pair(), ...pair().slice(0, 1)] },
		fails: {
			status: "invalid",
			text: "input 'INPUT0' already exists in request",
		},
	},
	{
		name: "an output asked for twice",
		request: {
			model: "simple",
			inputs: pair(),
			outputs: [{ name: "OUTPUT0" }, { name: "OUTPUT0" }],
		},
		fails: {
			status: "invalid",
			text: "output 'OUTPUT0' already exists in request",
		},
	},
	{
		name: "an input that is missing",
		request: { model: "simple", inputs: pair().slice(0, 1) },
		fails: {
			status: "invalid",
			text: "expected 2 inputs but got 1 inputs for model 'simple'. Got input(s) ['INPUT0'], but missing required input(s) ['INPUT1']. Please provide all required input(s).",
		},
	},
	{
		name: "no inputs at all",
		request: { model: "simple", inputs: [] },
		fails: {
			status: "invalid",
			text: "expected 2 inputs but got 0 inputs for model 'simple'. Got input(s) [], but missing required input(s) ['INPUT0','INPUT1']. Please provide all required input(s).",
		},
	},
	{
		name: "a required input missing beside an optional one",
		request: {
			model: "optional",
			inputs: [input("INPUT1", "FP32", [1, 1], [1])],
		},
		fails: {
			status: "invalid",
			text: "expected number of inputs between 1 and 2 but got 1 inputs for model 'optional'. Got input(s) ['INPUT1'], but missing required input(s) ['INPUT0']. Please provide all required input(s).",
		},
	},
];

const SHAPES_AND_TYPES: readonly Scenario[] = [
	{
		name: "a batch beyond the model's",
		request: { model: "simple", inputs: pair(9) },
		fails: {
			status: "invalid",
			text: "inference request batch-size must be <= 8 for 'simple'",
		},
	},
	{
		name: "a wrong dimension",
		request: {
			model: "simple",
			inputs: pair().map((tensor) => ({
				...tensor,
				shape: [1, 15],
				values: range(15),
			})),
		},
		fails: {
			status: "invalid",
			text: `unexpected shape for input 'INPUT0' for model 'simple'. Expected [-1,16], got [1,15]. ${NOTE}`,
		},
	},
	{
		name: "a batch dimension left out",
		request: {
			model: "simple",
			inputs: pair().map((tensor) => ({ ...tensor, shape: [16] })),
		},
		fails: {
			status: "invalid",
			text: "unexpected shape for input 'INPUT0' for model 'simple'. Expected [-1,16], got [16].",
		},
	},
	{
		name: "a wrong dimension of a model without batching",
		request: {
			model: "no_batch",
			inputs: [input("input", "FP32", [4, 3], range(12))],
		},
		fails: {
			status: "invalid",
			text: "unexpected shape for input 'input' for model 'no_batch'. Expected [3,4], got [4,3].",
		},
	},
	{
		name: "a batch of nothing",
		request: {
			model: "identity_fp32",
			inputs: [input("INPUT0", "FP32", [0, 4], [])],
		},
		fails: {
			status: "invalid",
			text: "All input dimensions should be specified for input 'INPUT0' for model 'identity_fp32', got [0,4]",
		},
	},
	{
		name: "a dimension left open",
		request: { model: "twice", inputs: [floats([1], { shape: [1, -1] })] },
		fails: {
			status: "invalid",
			text: "All input dimensions should be specified for input 'INPUT0' for model 'twice', got [1,-1]",
		},
		only: GRPC,
	},
	{
		name: "inputs of different batch sizes",
		request: {
			model: "simple",
			inputs: [pair(2)[0]!, pair(1)[1]!],
		},
		fails: {
			status: "invalid",
			text: "input 'INPUT1' batch size does not match other inputs for 'simple'",
		},
	},
	{
		name: "a wrong data type",
		request: {
			model: "simple",
			inputs: pair().map((tensor) => ({ ...tensor, dtype: "FP32" as const })),
		},
		fails: {
			status: "invalid",
			text: "inference input 'INPUT0' data-type is 'FP32', but model 'simple' expects 'INT32'",
		},
	},
	...([1, 63, 65, 0] as const).map(
		(byteLength): Scenario => ({
			name: `${byteLength} bytes where the shape asks for 64`,
			request: {
				model: "simple",
				inputs: pair().map((tensor) => ({
					...tensor,
					bytes: new Uint8Array(byteLength),
				})),
			},
			fails: {
				status: "invalid",
				text: `input byte size mismatch for input 'INPUT0' for model 'simple'. Expected 64, got ${byteLength}`,
			},
			only: RAW,
		}),
	),
	{
		name: "more elements than can be counted",
		request: {
			model: "identity_fp32",
			inputs: [floats([1], { shape: [4, Number.MAX_SAFE_INTEGER] })],
		},
		fails: {
			status: "invalid",
			text: "causes total element count to exceed maximum size of",
		},
	},
	{
		name: "a dimension of 2^62",
		request: {
			model: "identity_fp32",
			inputs: [floats([1], { shape: [1, 2 ** 62] })],
		},
		fails: {
			status: "invalid",
			text: "causes total element count to exceed maximum size of",
		},
	},
	{
		name: "more bytes than can be counted",
		request: {
			model: "identity_fp64",
			inputs: [input("INPUT0", "FP64", [1, 2 ** 51], [1])],
		},
		fails: {
			status: "invalid",
			text: "byte size overflow for input 'INPUT0'",
		},
		only: RAW,
	},
	{
		name: "a shape of 2^40 elements with the bytes of one",
		request: {
			model: "identity_fp32",
			inputs: [floats([1], { shape: [1, 2 ** 40] })],
		},
		fails: {
			status: "invalid",
			text: "input byte size mismatch for input 'INPUT0' for model 'identity_fp32'. Expected 4398046511104, got 4",
		},
		only: RAW,
	},
];

/** Elements of a BYTES tensor as they travel: "ab" and "c". */
const TWO_STRINGS = Uint8Array.of(2, 0, 0, 0, 0x61, 0x62, 1, 0, 0, 0, 0x63);

function strings(count: number, bytes: Uint8Array): Scenario["request"] {
	return {
		model: "identity_bytes",
		inputs: [input("INPUT0", "BYTES", [1, count], [], { bytes })],
	};
}

const BYTES_ELEMENTS: readonly Scenario[] = [
	{
		name: "more strings than the shape asks for",
		request: strings(1, TWO_STRINGS),
		fails: {
			status: "invalid",
			text: "unexpected number of string elements 2 for inference input 'INPUT0' for model 'identity_bytes', expecting 1",
		},
		only: RAW,
	},
	{
		name: "fewer strings than the shape asks for",
		request: strings(3, TWO_STRINGS),
		fails: {
			status: "invalid",
			text: "expected 3 string elements for inference input 'INPUT0' for model 'identity_bytes', got 2",
		},
		only: RAW,
	},
	{
		name: "a string's length cut off",
		request: strings(3, Uint8Array.of(...TWO_STRINGS, 9, 9)),
		fails: {
			status: "invalid",
			text: "incomplete string length indicator for inference input 'INPUT0' for model 'identity_bytes', expecting 4 bytes but only 2 bytes available. Please make sure the string length indicator is in one buffer.",
		},
		only: RAW,
	},
	{
		name: "a string longer than what is left",
		request: strings(1, Uint8Array.of(255, 255, 255, 255, 0x61)),
		fails: {
			status: "invalid",
			text: "incomplete string data for inference input 'INPUT0' for model 'identity_bytes'",
		},
		only: RAW,
	},
];

const ENVELOPE: readonly Scenario[] = [
	{
		name: "a model that is not here",
		request: { model: "nope", inputs: [floats([1])] },
		fails: {
			status: "notFound",
			text: "Request for unknown model: 'nope' is not found",
		},
	},
	{
		name: "a version that is not here",
		request: { model: "simple", version: "9", inputs: pair() },
		fails: {
			status: "notFound",
			text: "Request for unknown model: 'simple' version 9 is not found",
		},
	},
	{
		name: "a model that was refused at load",
		request: { model: "not_a_model", inputs: [floats([1])] },
		fails: {
			status: "unavailable",
			text: "Request for unknown model: 'not_a_model' version 1 is not at ready state",
		},
	},
	{
		name: "a version that is no integer",
		request: { model: "simple", version: "one", inputs: pair() },
		fails: {
			status: "invalid",
			text: "failed to get model version from specified version string 'one'",
		},
		only: GRPC,
	},
	{
		name: "an input without data",
		request: {
			model: "simple",
			inputs: pair().map((tensor) => ({ ...tensor, absent: true })),
		},
		fails: {
			status: "invalid",
			text: "unable to find data for input tensor 'INPUT0' for model 'simple'",
		},
		only: GRPC,
	},
	{
		name: "an input without data, told as HTTP has it",
		request: {
			model: "simple",
			inputs: pair().map((tensor) => ({ ...tensor, absent: true })),
		},
		fails: {
			status: "invalid",
			text: "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'. But no field is set",
		},
		only: ["HTTP JSON", "HTTP binary"],
	},
	{
		name: "a parameter under Triton's reserved prefix",
		request: {
			model: "simple",
			inputs: pair(),
			parameters: { triton_x: true },
		},
		fails: {
			status: "invalid",
			text: "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.",
		},
	},
	{
		name: "an input in a shared-memory region, which no client can have registered",
		request: {
			model: "simple",
			inputs: pair().map((tensor) => ({
				...tensor,
				absent: true,
				parameters: {
					shared_memory_region: "frames",
					shared_memory_byte_size: 64,
				},
			})),
		},
		fails: {
			status: "notFound",
			text: "Unable to find shared memory region: 'frames'",
		},
	},
	{
		name: "an output into a shared-memory region, which no client can have registered",
		request: {
			model: "simple",
			inputs: pair(),
			outputs: [
				{
					name: "OUTPUT0",
					parameters: {
						shared_memory_region: "frames",
						shared_memory_byte_size: 64,
						binary_data: false,
					},
				},
			],
		},
		fails: {
			status: "notFound",
			text: "Unable to find shared memory region: 'frames'",
		},
	},
	{
		name: "an output into shared memory and as classes at once",
		request: {
			model: "simple",
			inputs: pair(),
			outputs: [
				{
					name: "OUTPUT0",
					parameters: { shared_memory_region: "frames", classification: 1 },
				},
			],
		},
		fails: {
			status: "invalid",
			text: "Output can't set both 'shared_memory_region' and 'classification'",
		},
	},
	...(["priority", "timeout"] as const).map(
		(name): Scenario => ({
			name: `a ${name} that is no number`,
			request: {
				model: "simple",
				inputs: pair(),
				parameters: { [name]: "soon" },
			},
			fails: {
				status: "invalid",
				text: `parameter '${name}' must be an unsigned integer`,
			},
		}),
	),
	...([-1, 0, 1e12] as const).map(
		(value): Scenario => ({
			name: `a deadline of ${value} ms`,
			request: {
				model: "simple",
				inputs: pair(),
				parameters: { deadline_ms: value },
			},
			fails: {
				status: "invalid",
				text: "deadline_ms must be a number of milliseconds",
			},
		}),
	),
	...(["", "soon", "-1", "1e3", "0"] as const).map(
		(value): Scenario => ({
			name: `a deadline header '${value}'`,
			request: {
				model: "simple",
				inputs: pair(),
				headers: { "saccade-deadline-ms": value },
			},
			fails: {
				status: "invalid",
				text: "saccade-deadline-ms must be a number of milliseconds",
			},
		}),
	),
	{
		name: "classes of an output that has no order",
		request: {
			model: "identity_bool",
			inputs: [input("INPUT0", "BOOL", [1, 1], [true])],
			outputs: [{ name: "OUTPUT0", parameters: { classification: 1 } }],
		},
		fails: {
			status: "invalid",
			text: "class result not available for output due to unsupported type 'BOOL'",
		},
	},
	{
		name: "a run that fails",
		request: { model: "fails", inputs: [floats([1])] },
		fails: { status: "internal", text: "this model fails from 1 rows on" },
	},
	{
		name: "a type that has no typed contents",
		request: {
			model: "identity_fp16",
			inputs: [input("INPUT0", "FP16", [1, 1], [0x3c00])],
		},
		fails: { status: "invalid", text: "FP16" },
		only: ["HTTP JSON", "gRPC typed contents"],
	},
	...(
		[
			["INT8", 128],
			["INT8", -129],
			["UINT8", 256],
			["INT16", 32_768],
			["UINT16", 65_536],
		] as const
	).map(
		([dtype, value]): Scenario => ({
			name: `${value} as ${dtype}, which cannot hold it`,
			request: {
				model: `identity_${dtype.toLowerCase()}`,
				inputs: [input("INPUT0", dtype, [1, 1], [value])],
			},
			fails: { status: "invalid", text: String(value) },
			only: ["HTTP JSON", "gRPC typed contents"],
		}),
	),
];

const SHAPE_BUCKETS: readonly Scenario[] = [
	{
		name: "a shape beyond the largest bucket, with the numbers",
		request: {
			model: "longest",
			inputs: [
				input("values", "FP32", [1, 65], range(65)),
				input("others", "FP32", [1, 65], range(65)),
			],
		},
		fails: {
			status: "invalid",
			text: "input 'values' has 65 in dimension 1, and the largest shape bucket of 'length' of model 'longest' is 64: send at most 64, or add a bucket to saccade.shape_buckets",
		},
	},
	{
		name: "inputs that are padded together and differ",
		request: {
			model: "longest",
			inputs: [
				input("values", "FP32", [1, 3], range(3)),
				input("others", "FP32", [1, 2], range(2)),
			],
		},
		fails: {
			status: "invalid",
			text: "'length' of model 'longest' is one size in a request, got 3 in input 'values' and 2 in input 'others'",
		},
	},
];

export const FAILURES: readonly Scenario[] = [
	...NAMES_AND_COUNTS,
	...SHAPES_AND_TYPES,
	...BYTES_ELEMENTS,
	...ENVELOPE,
	...SHAPE_BUCKETS,
];
