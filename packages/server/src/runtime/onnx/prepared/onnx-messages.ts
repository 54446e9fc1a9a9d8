// Just enough of the protobuf of ONNX to find the tensors of a model that lie in files of their own, and to say that
// they lie elsewhere. All other fields keep their bytes, known here or not.
// Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
// Where a tensor's bytes are: https://github.com/onnx/onnx/blob/main/docs/ExternalData.md

/** `key` and `value` as in the file: location, offset, length, checksum, and ONNX Runtime's own `prepacked_…`. */
export type ExternalData = readonly (readonly [key: string, value: string])[];

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

type MessageName =
	| "model"
	| "graph"
	| "node"
	| "attribute"
	| "sparse"
	| "function"
	| "tensor";

/** Fields that lead to tensors. */
const CHILDREN: Readonly<
	Record<MessageName, Readonly<Record<number, MessageName>>>
> = {
	model: { 7: "graph", 25: "function" },
	graph: { 1: "node", 5: "tensor", 15: "sparse" },
	function: { 7: "node" },
	node: { 5: "attribute" },
	attribute: {
		5: "tensor",
		6: "graph",
		10: "tensor",
		11: "graph",
		22: "sparse",
		23: "sparse",
	},
	sparse: { 1: "tensor", 2: "tensor" },
	tensor: {},
};
/** Of `TensorProto`. */
const EXTERNAL_DATA = 13;
/** Of `StringStringEntryProto`. */
const KEY = 1;
const VALUE = 2;
/** Deeper nesting is no model: protobuf itself stops at 100. */
const MAX_DEPTH = 100;

interface Field {
	readonly number: number;
	/** From its tag to its end. */
	readonly start: number;
	readonly end: number;
	/** Where the content of a length-delimited field begins; −1: it is none. */
	readonly contentAt: number;
}

/** Where each tensor outside of `model` lies. Throws RangeError for bytes that are no protobuf. */
export function listExternalData(model: Uint8Array): ExternalData[] {
	const found: ExternalData[] = [];
	visit(model, "model", 0, found);
	return found;
}

/** `model` with other words on where its tensors lie. */
export function mapExternalData(
	model: Uint8Array,
	map: (data: ExternalData) => ExternalData,
): Uint8Array {
	return rewrite(model, "model", map);
}

function visit(
	bytes: Uint8Array,
	name: MessageName,
	depth: number,
	found: ExternalData[],
): void {
	if (depth > MAX_DEPTH) throw malformed();
	if (name === "tensor") {
		const data = readExternalData(bytes);
		if (data.length > 0) found.push(data);
		return;
	}
	for (const field of fieldsOf(bytes)) {
		const child = CHILDREN[name][field.number];
		if (child !== undefined && field.contentAt >= 0)
			visit(contentOf(bytes, field), child, depth + 1, found);
	}
}

function rewrite(
	bytes: Uint8Array,
	name: MessageName,
	map: (data: ExternalData) => ExternalData,
): Uint8Array {
	const parts: Uint8Array[] = [];
	if (name === "tensor") {
		const data = readExternalData(bytes);
		if (data.length === 0) return bytes;
		for (const field of fieldsOf(bytes))
			if (field.number !== EXTERNAL_DATA)
				parts.push(bytes.subarray(field.start, field.end));
		for (const [key, value] of map(data)) {
			const entry = Buffer.concat([
				textField(KEY, key),
				textField(VALUE, value),
			]);
			parts.push(bytesField(EXTERNAL_DATA, entry));
		}
		return Buffer.concat(parts);
	}
	for (const field of fieldsOf(bytes)) {
		const child = CHILDREN[name][field.number];
		parts.push(
			child === undefined || field.contentAt < 0
				? bytes.subarray(field.start, field.end)
				: bytesField(
						field.number,
						rewrite(contentOf(bytes, field), child, map),
					),
		);
	}
	return Buffer.concat(parts);
}

function readExternalData(tensor: Uint8Array): ExternalData {
	const data: [string, string][] = [];
	for (const field of fieldsOf(tensor)) {
		if (field.number !== EXTERNAL_DATA || field.contentAt < 0) continue;
		const entry = contentOf(tensor, field);
		const texts: [string, string] = ["", ""];
		for (const part of fieldsOf(entry))
			if (part.number === KEY || part.number === VALUE)
				texts[part.number - 1] = textOf(contentOf(entry, part));
		data.push(texts);
	}
	return data;
}

function* fieldsOf(bytes: Uint8Array): Generator<Field> {
	let at = 0;
	const varint = (): number => {
		let value = 0;
		let scale = 1;
		for (;;) {
			const octet = bytes[at++];
			if (octet === undefined || scale > 2 ** 63) throw malformed();
			value += (octet & 0x7f) * scale;
			if (octet < 0x80) return value;
			scale *= 128;
		}
	};
	while (at < bytes.length) {
		const start = at;
		const tag = varint();
		let contentAt = -1;
		switch (tag & 7) {
			case VARINT:
				varint();
				break;
			case FIXED_64:
				at += 8;
				break;
			case FIXED_32:
				at += 4;
				break;
			case BYTES: {
				const length = varint();
				contentAt = at;
				at += length;
				break;
			}
			default:
				throw malformed();
		}
		if (at > bytes.length) throw malformed();
		yield { number: Math.floor(tag / 8), start, end: at, contentAt };
	}
}

function contentOf(bytes: Uint8Array, { contentAt, end }: Field): Uint8Array {
	return bytes.subarray(contentAt, end);
}

function textOf(bytes: Uint8Array): string {
	return new TextDecoder().decode(bytes);
}

function textField(number: number, text: string): Uint8Array {
	return bytesField(number, Buffer.from(text));
}

function bytesField(number: number, content: Uint8Array): Uint8Array {
	return Buffer.concat([
		encodeVarint(number * 8 + BYTES),
		encodeVarint(content.length),
		content,
	]);
}

function encodeVarint(value: number): Uint8Array {
	const octets: number[] = [];
	let rest = value;
	while (rest >= 0x80) {
		octets.push((rest % 128) | 0x80);
		rest = Math.floor(rest / 128);
	}
	octets.push(rest);
	return Uint8Array.from(octets);
}

function malformed(): RangeError {
	return new RangeError("the file is no ONNX model: its protobuf is malformed");
}
