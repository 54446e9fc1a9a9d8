// Just enough of the protobuf of ONNX to find the tensors of a model that lie in files of their own, and to say that
// they lie elsewhere. All other fields keep their bytes, known here or not.
// Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
// Where a tensor's bytes are: https://github.com/onnx/onnx/blob/main/docs/ExternalData.md

/** `key` and `value` as in the file: location, offset, length, checksum, and ONNX Runtime's own `prepacked_…`. */
export type ExternalData = readonly (readonly [key: string, value: string])[];

/** https://protobuf.dev/programming-guides/encoding/#structure */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

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
/** Of `ModelProto`. */
export const GRAPH = 7;
/** Of `GraphProto`. */
export const INITIALIZER = 5;
/** Of `TensorProto`. */
export const RAW_DATA = 9;
export const EXTERNAL_DATA = 13;
/** Of `StringStringEntryProto`. */
const KEY = 1;
const VALUE = 2;
/** Deeper nesting is no model: protobuf itself stops at 100. */
const MAX_DEPTH = 100;

export interface Field {
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
		return Buffer.concat([...parts, ...externalDataFields(map(data))]);
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
	for (let at = 0; at < bytes.length; ) {
		const field = readField(bytes, at);
		if (field.end > bytes.length) throw malformed();
		yield field;
		at = field.end;
	}
}

/** The field that begins at `start`; its content may lead beyond `bytes`. Throws RangeError where none begins. */
export function readField(bytes: Uint8Array, start: number): Field {
	let at = start;
	const varint = (): number => {
		let value = 0;
		for (let scale = 1; ; scale *= 128) {
			const octet = bytes[at++];
			if (octet === undefined || scale > 2 ** 63) throw malformed();
			value += (octet & 0x7f) * scale;
			if (octet < 0x80) return value;
		}
	};
	const tag = varint();
	const number = Math.floor(tag / 8);
	switch (tag & 7) {
		case WIRE.varint:
			varint();
			return { number, start, end: at, contentAt: -1 };
		case WIRE.fixed64:
			return { number, start, end: at + 8, contentAt: -1 };
		case WIRE.fixed32:
			return { number, start, end: at + 4, contentAt: -1 };
		case WIRE.bytes: {
			const length = varint();
			return { number, start, end: at + length, contentAt: at };
		}
		default:
			throw malformed();
	}
}

function contentOf(bytes: Uint8Array, { contentAt, end }: Field): Uint8Array {
	return bytes.subarray(contentAt, end);
}

/** As fields of a tensor. */
export function externalDataFields(data: ExternalData): Uint8Array[] {
	return data.map(([key, value]) =>
		bytesField(
			EXTERNAL_DATA,
			Buffer.concat([textField(KEY, key), textField(VALUE, value)]),
		),
	);
}

function textOf(bytes: Uint8Array): string {
	return new TextDecoder().decode(bytes);
}

function textField(number: number, text: string): Uint8Array {
	return bytesField(number, Buffer.from(text));
}

export function varintField(number: number, value: number): Uint8Array {
	return Buffer.concat([
		encodeVarint(number * 8 + WIRE.varint),
		encodeVarint(value),
	]);
}

export function bytesField(number: number, content: Uint8Array): Uint8Array {
	return Buffer.concat([
		encodeVarint(number * 8 + WIRE.bytes),
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

export function malformed(): RangeError {
	return new RangeError("the file is no ONNX model: its protobuf is malformed");
}
