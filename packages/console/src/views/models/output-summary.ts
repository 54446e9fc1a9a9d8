// A tensor in a line: its range, and the largest of it.
import type { Tensor } from "@saccade/client";

export interface OutputSummary {
	readonly name: string;
	readonly datatype: string;
	readonly shape: readonly number[];
	readonly low: string;
	readonly mean: string;
	readonly high: string;
	readonly most: string;
}

const SHOWN = 6;
const TEXT_SHOWN = 24;

export function summarise(tensor: Tensor): OutputSummary {
	const { name, datatype, shape } = tensor;
	if (datatype === "BYTES")
		return {
			name,
			datatype,
			shape,
			low: "–",
			mean: "–",
			high: "–",
			most: textsOf(tensor).join(", "),
		};
	const values = numbersOf(tensor);
	let low = Number.POSITIVE_INFINITY;
	let high = Number.NEGATIVE_INFINITY;
	let sum = 0;
	for (const value of values) {
		if (value < low) low = value;
		if (value > high) high = value;
		sum += value;
	}
	const isSome = values.length > 0;
	return {
		name,
		datatype,
		shape,
		low: isSome ? number(low) : "–",
		mean: isSome ? number(sum / values.length) : "–",
		high: isSome ? number(high) : "–",
		most: largest(values),
	};
}

/** Of few: all. Of many: where the largest are. */
function largest(values: ArrayLike<number>): string {
	if (values.length <= SHOWN) return Array.from(values, number).join("  ");
	const top: number[] = [];
	for (let i = 0; i < values.length; i++) {
		if (top.length === SHOWN && values[i]! <= values[top[SHOWN - 1]!]!)
			continue;
		top.push(i);
		top.sort((a, b) => values[b]! - values[a]!);
		top.length = Math.min(top.length, SHOWN);
	}
	return top.map((i) => `#${i} ${number(values[i]!)}`).join("  ");
}

function number(value: number): string {
	if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
	return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5
		? value.toPrecision(4)
		: value.toExponential(2);
}

function numbersOf({
	datatype,
	data,
}: Tensor): ArrayLike<number> & Iterable<number> {
	const { buffer } = Uint8Array.from(data);
	switch (datatype) {
		case "FP32":
			return new Float32Array(buffer);
		case "FP64":
			return new Float64Array(buffer);
		case "INT8":
			return new Int8Array(buffer);
		case "INT16":
			return new Int16Array(buffer);
		case "UINT16":
			return new Uint16Array(buffer);
		case "INT32":
			return new Int32Array(buffer);
		case "UINT32":
			return new Uint32Array(buffer);
		case "INT64":
			return Float64Array.from(new BigInt64Array(buffer), Number);
		case "UINT64":
			return Float64Array.from(new BigUint64Array(buffer), Number);
		case "FP16":
			return Float64Array.from(new Uint16Array(buffer), halfToNumber);
		case "BF16":
			return Float64Array.from(new Uint16Array(buffer), brainToNumber);
		default:
			return new Uint8Array(buffer);
	}
}

/** https://en.wikipedia.org/wiki/Half-precision_floating-point_format */
export function halfToNumber(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	if (exponent === 0x1f)
		return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
	return exponent === 0
		? sign * fraction * 2 ** -24
		: sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function brainToNumber(bits: number): number {
	return new Float32Array(Uint32Array.of(bits << 16).buffer)[0] ?? 0;
}

function textsOf({ data }: Tensor): string[] {
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const texts: string[] = [];
	for (let at = 0; at + 4 <= data.byteLength && texts.length < SHOWN; ) {
		const length = view.getUint32(at, true);
		const text = new TextDecoder().decode(
			data.subarray(at + 4, at + 4 + length),
		);
		texts.push(
			text.length > TEXT_SHOWN ? `${text.slice(0, TEXT_SHOWN)}…` : text,
		);
		at += 4 + length;
	}
	return texts;
}
