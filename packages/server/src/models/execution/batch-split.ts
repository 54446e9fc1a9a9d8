// The outputs of a run, request by request: rows of the model's memory where they can stay there, and copies where
// padding lies between.
import type { Binding } from "../../runtime/runtime.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import { fitBox, isPrefix } from "../../tensor/fit-box.ts";
import type { ModelEntry, SplitOutputs } from "../entry.ts";
import type { OutputLayout } from "./output-layout.ts";
import type { ShapeFit } from "./shape-fit.ts";

const NOTHING = new Uint8Array(0);

/** Hands each request its rows of every output. One object serves all requests of a lane. */
export class BatchSplit implements SplitOutputs {
	readonly #layouts: readonly OutputLayout[];
	readonly #batched: boolean;
	/** Answer shapes by output and rows, built once. */
	readonly #shapes: readonly Map<number, readonly number[]>[];
	readonly #fit: ShapeFit | null;
	/** Of each output, for answers that are cut out of it; as large as the largest was. */
	readonly #scratch: Uint8Array[];
	#binding: Binding | null = null;
	#entry: ModelEntry | null = null;
	#batchRows = 0;
	#firstRow = 0;
	#nextRow = 0;

	/** @param fit of a model with shape buckets */
	constructor(
		layouts: readonly OutputLayout[],
		batched: boolean,
		fit: ShapeFit | null,
	) {
		this.#layouts = layouts;
		this.#batched = batched;
		this.#fit = fit;
		this.#shapes = layouts.map(() => new Map());
		this.#scratch = layouts.map(() => NOTHING);
	}

	begin(binding: Binding, batchRows: number): void {
		this.#binding = binding;
		this.#batchRows = batchRows;
		this.#nextRow = 0;
	}

	select(entry: ModelEntry): void {
		this.#firstRow = this.#nextRow;
		this.#entry = entry;
		this.#nextRow += entry.rows;
	}

	shape(index: number): readonly number[] {
		const { rows } = this.#entry!;
		const dims = this.#layouts[index]!.answerDims;
		if (dims === null) {
			const { shape } = this.#binding!.output(index);
			if (!this.#batched) return shape;
			const { padding } = this.#entry!;
			return this.#fit === null || padding === null
				? [rows, ...shape.slice(1)]
				: this.#fit.answerShape(index, shape, rows, padding);
		}
		if (!this.#batched) return dims;
		const known = this.#shapes[index]!.get(rows);
		if (known !== undefined) return known;
		const shape = [rows, ...dims];
		this.#shapes[index]!.set(rows, shape);
		return shape;
	}

	data(index: number): Uint8Array {
		const { data, shape } = this.#binding!.output(index);
		const { rows, padding } = this.#entry!;
		if (padding !== null && this.#layouts[index]!.answerDims === null)
			return this.#cut(index, data, shape);
		if (rows === this.#batchRows) return data;
		if (this.#layouts[index]!.dtypeBytes === 0)
			return stringRows(data, shape, this.#firstRow, rows);
		return this.#ownRows(data);
	}

	#ownRows(data: Uint8Array): Uint8Array {
		const rowBytes = data.byteLength / this.#batchRows;
		const start = this.#firstRow * rowBytes;
		return data.subarray(start, start + this.#entry!.rows * rowBytes);
	}

	/** Without the padding: in place where it all lies behind, else copied. */
	#cut(
		index: number,
		data: Uint8Array,
		runShape: readonly number[],
	): Uint8Array {
		const { dtypeBytes } = this.#layouts[index]!;
		const shape = this.shape(index);
		if (dtypeBytes === 0)
			return stringRows(data, runShape, this.#firstRow, this.#entry!.rows);
		const own = this.#ownRows(data);
		const from = [this.#entry!.rows, ...runShape.slice(1)];
		const bytes = shape.reduce((a, b) => a * b, dtypeBytes);
		if (isPrefix(shape, from)) return own.subarray(0, bytes);
		if (this.#scratch[index]!.byteLength < bytes)
			this.#scratch[index] = new Uint8Array(bytes);
		const cut = this.#scratch[index]!.subarray(0, bytes);
		fitBox(
			{ bytes: cut, at: 0, shape },
			{ bytes: own, at: 0, shape: from },
			dtypeBytes,
			null,
		);
		copiedBytes.unpad += bytes;
		return cut;
	}
}

/** Rows of a BYTES tensor: elements have their own lengths, so they are walked. */
function stringRows(
	data: Uint8Array,
	shape: readonly number[],
	firstRow: number,
	rows: number,
): Uint8Array {
	const perRow = shape.slice(1).reduce((product, size) => product * size, 1);
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const skip = (from: number, count: number) => {
		let at = from;
		for (let i = 0; i < count; i++) at += 4 + view.getUint32(at, true);
		return at;
	};
	const start = skip(0, firstRow * perRow);
	return data.subarray(start, skip(start, rows * perRow));
}
