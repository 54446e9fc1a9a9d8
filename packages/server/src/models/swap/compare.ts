// How far outputs of two versions are apart, over many samples. Large tensors are gone through in slices, with turns of
// the event loop between.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { DType } from "@saccade/protocol";
import { bytesElements } from "../../tensor/bytes-elements.ts";
import { bfloatToNumber, halfToNumber } from "../../tensor/half.ts";
import type { OutputDifference } from "../swap-events.ts";

/** An output of one run; it owns its bytes, from the start of their buffer. */
export interface RunOutput {
	readonly dtype: DType;
	readonly shape: readonly number[];
	readonly data: Uint8Array;
}

/** Some 0.2 ms. */
const SLICE_ELEMENTS = 32 * 1024;

export class OutputComparison {
	readonly #output: string;
	readonly #tolerance: number | null;
	#maxDifference = 0;
	#differenceSum = 0;
	#elementCount = 0;
	#notFiniteCount = 0;
	#rowCount = 0;
	#agreeingRows = 0;

	/** @param tolerance null: the difference is only reported */
	constructor(output: string, tolerance: number | null) {
		this.#output = output;
		this.#tolerance = tolerance;
	}

	async add(old: RunOutput, next: RunOutput): Promise<void> {
		const isSameKind =
			old.dtype === next.dtype && old.shape.join() === next.shape.join();
		if (!isSameKind) {
			// As far apart as can be: one is not an approximation of the other.
			this.#note(Number.POSITIVE_INFINITY);
			return;
		}
		if (old.dtype === "BYTES") this.#addTexts(old.data, next.data);
		else await this.#addNumbers(old, next);
	}

	result(): OutputDifference {
		const count = Math.max(this.#elementCount, 1);
		const isClose =
			this.#tolerance === null || this.#maxDifference <= this.#tolerance;
		return {
			output: this.#output,
			maxDifference: this.#maxDifference,
			meanDifference: this.#differenceSum / count,
			notFiniteCount: this.#notFiniteCount,
			agreement:
				this.#rowCount === 0 ? null : this.#agreeingRows / this.#rowCount,
			tolerance: this.#tolerance,
			isWithin: isClose && this.#notFiniteCount === 0,
		};
	}

	async #addNumbers(old: RunOutput, next: RunOutput): Promise<void> {
		const olds = numbersOf(old);
		const nexts = numbersOf(next);
		const rowLength = olds.length / Math.max(old.shape[0] ?? 1, 1);
		let oldBest = 0;
		let nextBest = 0;
		for (let i = 0; i < olds.length; i++) {
			if (i % SLICE_ELEMENTS === SLICE_ELEMENTS - 1) await nextTurn();
			const rowStart = i - (i % rowLength);
			if (i === rowStart || olds[i]! > olds[oldBest]!) oldBest = i;
			if (i === rowStart || nexts[i]! > nexts[nextBest]!) nextBest = i;
			this.#addNumber(Number(olds[i]), Number(nexts[i]));
			if (rowLength > 1 && i === rowStart + rowLength - 1) {
				this.#rowCount++;
				if (oldBest === nextBest) this.#agreeingRows++;
			}
		}
	}

	#addNumber(old: number, next: number): void {
		if (Object.is(old, next)) this.#note(0);
		else if (Number.isFinite(next))
			this.#note(
				Number.isFinite(old)
					? Math.abs(next - old) / Math.max(1, Math.abs(old))
					: Number.POSITIVE_INFINITY,
			);
		else {
			this.#elementCount++;
			if (Number.isFinite(old)) this.#notFiniteCount++;
		}
	}

	#addTexts(old: Uint8Array, next: Uint8Array): void {
		const olds = [...bytesElements(old)];
		const nexts = [...bytesElements(next)];
		const unlike = olds.filter(
			(bytes, i) => Buffer.compare(bytes, nexts[i] ?? new Uint8Array()) !== 0,
		).length;
		this.#note(unlike / Math.max(olds.length, 1));
	}

	#note(difference: number): void {
		this.#elementCount++;
		this.#differenceSum += difference;
		this.#maxDifference = Math.max(this.#maxDifference, difference);
	}
}

function numbersOf({
	dtype,
	data,
}: RunOutput): ArrayLike<number> | ArrayLike<bigint> {
	const { buffer, byteOffset, byteLength } = data;
	switch (dtype) {
		case "FP64":
			return new Float64Array(buffer, byteOffset, byteLength / 8);
		case "FP32":
			return new Float32Array(buffer, byteOffset, byteLength / 4);
		case "FP16":
			return widened(data, halfToNumber);
		case "BF16":
			return widened(data, bfloatToNumber);
		case "INT64":
			return new BigInt64Array(buffer, byteOffset, byteLength / 8);
		case "UINT64":
			return new BigUint64Array(buffer, byteOffset, byteLength / 8);
		case "INT32":
			return new Int32Array(buffer, byteOffset, byteLength / 4);
		case "UINT32":
			return new Uint32Array(buffer, byteOffset, byteLength / 4);
		case "INT16":
			return new Int16Array(buffer, byteOffset, byteLength / 2);
		case "UINT16":
			return new Uint16Array(buffer, byteOffset, byteLength / 2);
		case "INT8":
			return new Int8Array(buffer, byteOffset, byteLength);
		case "UINT8":
		case "BOOL":
			return data;
		case "BYTES":
			return [];
	}
}

function widened(
	{ buffer, byteOffset, byteLength }: Uint8Array,
	toNumber: (bits: number) => number,
): Float32Array {
	const bits = new Uint16Array(buffer, byteOffset, byteLength / 2);
	return Float32Array.from(bits, toNumber);
}
