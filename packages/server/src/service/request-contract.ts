// What a model version takes, compiled once, so that a request that keeps to it is checked in a few comparisons.
// Texts are Triton's (core/src/infer_request.cc), because clients look for them.
import { DTYPE_BYTES } from "@saccade/protocol";
import { SaccadeError } from "../errors/saccade-error.ts";
import {
	type Padding,
	ShapeFit,
	shapeKeyOf,
} from "../models/execution/shape-fit.ts";
import type { InputConfig, ModelConfig } from "../repository/model-config.ts";
import type { Session } from "../runtime/runtime.ts";
import { checkBytesElements } from "../tensor/bytes-elements.ts";
import { elementCount } from "../tensor/shape.ts";
import type { InferInput, InferRequest } from "./inference.ts";

/** A request in the terms of its model. */
export interface CheckedRequest {
	readonly rows: number;
	readonly shapeKey: string;
	/** By the session's order of inputs, as the model runs them. */
	readonly shapes: readonly (readonly number[] | null)[];
	/** How the request differs from its shape bucket; null: not at all. */
	readonly padding: Padding | null;
	readonly data: readonly (Uint8Array | null)[];
}

/** What a contract is made from: of a model version, or of what will be one. */
export interface ContractedModel {
	readonly config: ModelConfig;
	readonly session: Pick<Session, "inputs" | "outputs">;
}

interface ExpectedInput {
	readonly config: InputConfig;
	readonly elementBytes: number;
	/** Bytes of a row; −1 when dimensions are dynamic or elements have their own lengths. */
	readonly rowBytes: number;
}

export class RequestContract {
	readonly #model: string;
	readonly #maxBatchSize: number;
	/** By the session's order. */
	readonly #inputs: readonly ExpectedInput[];
	readonly #requiredCount: number;
	/** Every dimension but the batch is fixed: all requests share one shape key. */
	readonly #fixed: boolean;
	readonly #fit: ShapeFit | null;
	readonly #fixedShapes = new Map<number, readonly (readonly number[])[]>();

	constructor(model: ContractedModel) {
		const { config, session } = model;
		this.#model = config.name;
		this.#maxBatchSize = config.maxBatchSize;
		this.#inputs = session.inputs.flatMap(({ name }) => {
			const input = config.inputs.find((candidate) => candidate.name === name);
			return input === undefined ? [] : [expectedInput(input)];
		});
		this.#requiredCount = this.#inputs.filter(
			({ config: { optional } }) => !optional,
		).length;
		this.#fit = ShapeFit.of(config, session);
		this.#fixed = this.#inputs.every(
			({ config: { dims } }) => !dims.includes(-1),
		);
	}

	/** Throws INVALID_ARGUMENT. */
	check(request: InferRequest): CheckedRequest {
		const given = request.inputs;
		if (!this.#isInOrder(given)) this.#checkNames(given);
		const data: (Uint8Array | null)[] = [];
		let rows = 0;
		for (let i = 0; i < this.#inputs.length; i++) {
			const expected = this.#inputs[i]!;
			const input = this.#inputNamed(given, expected.config.name, i);
			if (input === null) {
				data.push(null);
				continue;
			}
			const inputRows = this.#checkInput(input, expected);
			if (rows !== 0 && inputRows !== rows)
				throw invalid(
					`input '${input.name}' batch size does not match other inputs for '${this.#model}'`,
				);
			rows = inputRows;
			data.push(input.data);
		}
		if (this.#fixed && given.length === this.#inputs.length)
			return {
				rows,
				shapeKey: "",
				shapes: this.#shapesFor(rows),
				padding: null,
				data,
			};
		return this.#dynamic(given, rows, data);
	}

	#isInOrder(given: readonly InferInput[]): boolean {
		if (given.length !== this.#inputs.length) return false;
		for (let i = 0; i < given.length; i++)
			if (given[i]!.name !== this.#inputs[i]!.config.name) return false;
		return true;
	}

	#inputNamed(
		given: readonly InferInput[],
		name: string,
		hint: number,
	): InferInput | null {
		const guess = given[hint];
		if (guess !== undefined && guess.name === name) return guess;
		return given.find((input) => input.name === name) ?? null;
	}

	#checkNames(given: readonly InferInput[]): void {
		const seen = new Set<string>();
		for (const { name } of given) {
			if (seen.has(name))
				throw invalid(`input '${name}' already exists in request`);
			seen.add(name);
			if (!this.#inputs.some(({ config }) => config.name === name))
				throw invalid(
					`unexpected inference input '${name}' for model '${this.#model}'`,
				);
		}
		const missing = this.#inputs
			.filter(({ config }) => !config.optional && !seen.has(config.name))
			.map(({ config }) => config.name);
		if (missing.length > 0) throw this.#missingInputs([...seen], missing);
	}

	#missingInputs(
		got: readonly string[],
		missing: readonly string[],
	): SaccadeError {
		const list = (names: readonly string[]) =>
			`[${names.map((name) => `'${name}'`).join(",")}]`;
		const tail = `Got input(s) ${list(got)}, but missing required input(s) ${list(missing)}. Please provide all required input(s).`;
		const most = this.#inputs.length;
		return invalid(
			this.#requiredCount === most
				? `expected ${most} inputs but got ${got.length} inputs for model '${this.#model}'. ${tail}`
				: `expected number of inputs between ${this.#requiredCount} and ${most} but got ${got.length} inputs for model '${this.#model}'. ${tail}`,
		);
	}

	/** Rows of the input. */
	#checkInput(input: InferInput, expected: ExpectedInput): number {
		const { config } = expected;
		if (input.dtype !== config.dtype)
			throw invalid(
				`inference input '${input.name}' data-type is '${input.dtype}', but model '${this.#model}' expects '${config.dtype}'`,
			);
		const batched = this.#maxBatchSize > 0;
		const offset = batched ? 1 : 0;
		const { shape } = input;
		let fits = shape.length === config.dims.length + offset;
		for (let axis = 0; fits && axis < config.dims.length; axis++) {
			const size = shape[axis + offset]!;
			if (size < 0) throw this.#unspecified(input);
			const wanted = config.dims[axis]!;
			fits = wanted === -1 || wanted === size;
		}
		if (!fits) throw this.#unexpectedShape(input, config);
		const rows = batched ? shape[0]! : 1;
		if (rows < 1) throw this.#unspecified(input);
		if (batched && rows > this.#maxBatchSize)
			throw invalid(
				`inference request batch-size must be <= ${this.#maxBatchSize} for '${this.#model}'`,
			);
		this.#checkSize(input, expected, rows);
		return rows;
	}

	#checkSize(input: InferInput, expected: ExpectedInput, rows: number): void {
		if (expected.rowBytes >= 0) {
			const wanted = expected.rowBytes * rows;
			if (input.data.byteLength !== wanted)
				throw this.#wrongSize(input, wanted);
			return;
		}
		const count = elementCount(input.shape);
		if (count === null)
			throw invalid(
				`shape [${input.shape}] of input '${input.name}' causes total element count to exceed maximum size of ${Number.MAX_SAFE_INTEGER}`,
			);
		if (expected.elementBytes === 0) {
			this.#checkStrings(input, count);
			return;
		}
		const wanted = count * expected.elementBytes;
		if (wanted > Number.MAX_SAFE_INTEGER)
			throw invalid(`byte size overflow for input '${input.name}'`);
		if (input.data.byteLength !== wanted) throw this.#wrongSize(input, wanted);
	}

	#checkStrings(input: InferInput, expected: number): void {
		const problem = checkBytesElements(input.data, expected);
		if (problem === null) return;
		const place = `for inference input '${input.name}' for model '${this.#model}'`;
		switch (problem.kind) {
			case "too-many":
				throw invalid(
					`unexpected number of string elements ${problem.found} ${place}, expecting ${expected}`,
				);
			case "too-few":
				throw invalid(
					`expected ${expected} string elements ${place}, got ${problem.found}`,
				);
			case "cut-length":
				throw invalid(
					`incomplete string length indicator ${place}, expecting 4 bytes but only ${problem.available} bytes available. Please make sure the string length indicator is in one buffer.`,
				);
			case "cut-element":
				throw invalid(
					`incomplete string data ${place}, ${problem.missing} bytes are missing`,
				);
		}
	}

	#wrongSize(input: InferInput, wanted: number): SaccadeError {
		return invalid(
			`input byte size mismatch for input '${input.name}' for model '${this.#model}'. Expected ${wanted}, got ${input.data.byteLength}`,
		);
	}

	#unspecified(input: InferInput): SaccadeError {
		return invalid(
			`All input dimensions should be specified for input '${input.name}' for model '${this.#model}', got [${input.shape}]`,
		);
	}

	#unexpectedShape(input: InferInput, config: InputConfig): SaccadeError {
		const batched = this.#maxBatchSize > 0;
		const expected = batched ? [-1, ...config.dims] : config.dims;
		const note = batched
			? " NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each input shape. If you want to specify the full shape including the batch dim in your input dims config, try setting max_batch_size to zero. See the model configuration docs for more info on max_batch_size."
			: "";
		return invalid(
			`unexpected shape for input '${input.name}' for model '${this.#model}'. Expected [${expected}], got [${input.shape}].${note}`,
		);
	}

	/** Shapes as the model takes them, for requests without dynamic dimensions. */
	#shapesFor(rows: number): readonly (readonly number[])[] {
		const known = this.#fixedShapes.get(rows);
		if (known !== undefined) return known;
		const batched = this.#maxBatchSize > 0;
		const shapes = this.#inputs.map(({ config: { dims, reshape } }) =>
			batched ? [rows, ...(reshape ?? dims)] : (reshape ?? dims),
		);
		this.#fixedShapes.set(rows, shapes);
		return shapes;
	}

	#dynamic(
		given: readonly InferInput[],
		rows: number,
		data: readonly (Uint8Array | null)[],
	): CheckedRequest {
		const batched = this.#maxBatchSize > 0;
		const shapes = this.#inputs.map(({ config }, index) => {
			if (data[index] === null) return null;
			if (config.reshape !== null)
				return batched ? [rows, ...config.reshape] : config.reshape;
			return this.#inputNamed(given, config.name, index)!.shape;
		});
		const fitted = this.#fit?.fit(shapes) ?? { shapes, padding: null };
		return {
			rows,
			shapeKey: shapeKeyOf(fitted.shapes, batched),
			...fitted,
			data,
		};
	}
}

function expectedInput(config: InputConfig): ExpectedInput {
	const elementBytes = DTYPE_BYTES[config.dtype];
	const fixed = !config.dims.includes(-1) && elementBytes > 0;
	const count = config.dims.reduce((product, size) => product * size, 1);
	return { config, elementBytes, rowBytes: fixed ? count * elementBytes : -1 };
}

function invalid(text: string): SaccadeError {
	return new SaccadeError("INVALID_ARGUMENT", text);
}
