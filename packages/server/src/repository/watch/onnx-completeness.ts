// Whether an ONNX file is all there, from its outline alone: a copy that stopped half way ends inside a field, or before
// the graph. Lengths are followed, contents are passed over, so that a file of gigabytes costs a few small reads.
// https://protobuf.dev/programming-guides/encoding/ https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

const GRAPH_OF_MODEL = 7;
const OPERATORS_OF_MODEL = 8;
const INITIALIZER_OF_GRAPH = 5;
const EXTERNAL_DATA_OF_TENSOR = 13;
const KEY_OF_ENTRY = 1;
const VALUE_OF_ENTRY = 2;
/** Bytes around a field's head that are read at once. */
const WINDOW_BYTES = 4096;
/** A file name or a number. */
const MAX_TEXT_BYTES = 4096;

interface Field {
	readonly number: number;
	readonly start: number;
	readonly end: number;
}

/** How it shows that the file is not whole; null when it does not, and for what is no protobuf at all. */
export function whatIsMissing(path: string): string | null {
	const fd = openSync(path, "r");
	try {
		const { size } = fstatSync(fd);
		if (size === 0) return "it is empty";
		return missingIn(new Outline(fd), size, dirname(path));
	} finally {
		closeSync(fd);
	}
}

function missingIn(
	outline: Outline,
	size: number,
	folder: string,
): string | null {
	const missing = new Map([
		[GRAPH_OF_MODEL, "its graph"],
		[OPERATORS_OF_MODEL, "its list of operator sets"],
	]);
	for (const field of outline.fields(0, size)) {
		if (field === null) return null;
		if (field.end > size)
			return `it ends ${field.end - size} bytes early, at ${size}`;
		missing.delete(field.number);
		if (field.number !== GRAPH_OF_MODEL) continue;
		const data = missingData(outline, field, folder);
		if (data !== null) return data;
	}
	const [next] = missing.values();
	return next === undefined ? null : `it ends before ${next}, at ${size} bytes`;
}

/** Weights that lie in files of their own. */
function missingData(
	outline: Outline,
	graph: Field,
	folder: string,
): string | null {
	const neededBytes = new Map<string, number>();
	for (const tensor of outline.fields(graph.start, graph.end)) {
		if (tensor === null) return null;
		if (tensor.number !== INITIALIZER_OF_GRAPH) continue;
		const data = externalData(outline, tensor);
		const location = data.get("location");
		if (location === undefined) continue;
		const end =
			Number(data.get("offset") ?? 0) + Number(data.get("length") ?? 0);
		neededBytes.set(location, Math.max(neededBytes.get(location) ?? 0, end));
	}
	for (const [location, bytes] of neededBytes) {
		const size =
			statSync(resolve(folder, location), { throwIfNoEntry: false })?.size ?? 0;
		if (size < bytes)
			return `its data file '${location}' has ${size} of ${bytes} bytes`;
	}
	return null;
}

function externalData(outline: Outline, tensor: Field): Map<string, string> {
	const data = new Map<string, string>();
	for (const entry of outline.fields(tensor.start, tensor.end)) {
		if (entry === null) break;
		if (entry.number !== EXTERNAL_DATA_OF_TENSOR) continue;
		let key = "";
		let value = "";
		for (const part of outline.fields(entry.start, entry.end)) {
			if (part === null) break;
			if (part.number === KEY_OF_ENTRY) key = outline.text(part);
			if (part.number === VALUE_OF_ENTRY) value = outline.text(part);
		}
		data.set(key, value);
	}
	return data;
}

/** Heads of the fields of a message in a file. */
class Outline {
	readonly #fd: number;
	readonly #window = Buffer.alloc(WINDOW_BYTES);
	#windowStart = 0;
	#windowEnd = 0;

	constructor(fd: number) {
		this.#fd = fd;
	}

	/** One after the other, as far as heads can be read; null, and no more, where this is no message. */
	*fields(start: number, end: number): Generator<Field | null> {
		let at = start;
		while (at < end) {
			const [tag, afterTag] = this.#varint(at, end);
			const number = Math.floor(tag / 8);
			if (number === 0) {
				yield null;
				return;
			}
			const field = this.#field(tag % 8, number, afterTag, end);
			yield field;
			if (field === null) return;
			at = field.end;
		}
	}

	text({ start, end }: Field): string {
		const length = Math.min(end - start, MAX_TEXT_BYTES);
		const bytes = Buffer.alloc(length);
		return bytes.toString(
			"utf8",
			0,
			readSync(this.#fd, bytes, 0, length, start),
		);
	}

	#field(
		wireType: number,
		number: number,
		start: number,
		end: number,
	): Field | null {
		switch (wireType) {
			case 0:
				return { number, start, end: this.#varint(start, end)[1] };
			case 1:
				return { number, start, end: start + 8 };
			case 2: {
				const [length, from] = this.#varint(start, end);
				return { number, start: from, end: from + length };
			}
			case 5:
				return { number, start, end: start + 4 };
			default:
				return null;
		}
	}

	/** A varint that is cut off counts as one that ends beyond the file. */
	#varint(from: number, end: number): [value: number, next: number] {
		let value = 0;
		for (let i = 0; i < 10; i++) {
			if (from + i >= end) return [value, end + 1];
			const byte = this.#byte(from + i);
			value += (byte & 0x7f) * 2 ** (7 * i);
			if (byte < 0x80) return [value, from + i + 1];
		}
		return [0, from];
	}

	#byte(at: number): number {
		if (at < this.#windowStart || at >= this.#windowEnd) {
			const count = readSync(this.#fd, this.#window, 0, WINDOW_BYTES, at);
			this.#windowStart = at;
			this.#windowEnd = at + count;
		}
		return this.#window[at - this.#windowStart] ?? 0;
	}
}
