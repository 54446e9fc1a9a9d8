// InferTensorContents → tensor bytes. Values arrive widened (an INT8 as int32, for instance) and are narrowed here
// with a range check; the raw form is the fast one. Two passes, the first only counts, so that memory is what the
// tensor takes and not a multiple of it.
import type { DType } from "@saccade/protocol";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import { malformed, WIRE, WireReader } from "../../../wire/wire-reader.ts";

interface TypedField {
	/** Number of the field of InferTensorContents that carries the type. */
	readonly field: number;
	/** Bytes of an element; 0 for BYTES. */
	readonly size: number;
	readonly kind: "bool" | "integer" | "fixed" | "bytes";
	readonly min: bigint;
	readonly max: bigint;
}

const LAST_FIELD = 8;

/** FP16 and BF16 travel raw only. */
const FIELDS: Partial<Record<DType, TypedField>> = {
	BOOL: { field: 1, size: 1, kind: "bool", min: 0n, max: 1n },
	INT8: signed(2, 1),
	INT16: signed(2, 2),
	INT32: signed(2, 4),
	INT64: signed(3, 8),
	UINT8: unsigned(4, 1),
	UINT16: unsigned(4, 2),
	UINT32: unsigned(4, 4),
	UINT64: unsigned(5, 8),
	FP32: { field: 6, size: 4, kind: "fixed", min: 0n, max: 0n },
	FP64: { field: 7, size: 8, kind: "fixed", min: 0n, max: 0n },
	BYTES: { field: 8, size: 0, kind: "bytes", min: 0n, max: 0n },
};

function signed(field: number, size: number): TypedField {
	const max = 2n ** BigInt(8 * size - 1) - 1n;
	return { field, size, kind: "integer", min: -max - 1n, max };
}

function unsigned(field: number, size: number): TypedField {
	const max = 2n ** BigInt(8 * size) - 1n;
	return { field, size, kind: "integer", min: 0n, max };
}

/** Throws INVALID_ARGUMENT for values out of range or in another type's field, MALFORMED for broken bytes. */
export function readTypedContents(
	contents: Uint8Array,
	dtype: DType,
	name: string,
): Uint8Array {
	const typed = FIELDS[dtype];
	if (typed === undefined)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`input '${name}' of type ${dtype} must be sent in raw_input_contents`,
		);
	const counter = new Counter(typed);
	walk(contents, typed, counter, { dtype, name });
	const filler = new Filler(typed, counter.byteLength, { dtype, name });
	walk(contents, typed, filler, { dtype, name });
	return filler.bytes;
}

interface InputLabel {
	readonly dtype: DType;
	readonly name: string;
}

interface Visitor {
	/** Encoded integers, one after the other. */
	varints(reader: WireReader): void;
	/** Bytes that belong to the tensor as they are. */
	fixed(view: Uint8Array): void;
	element(view: Uint8Array): void;
}

function walk(
	contents: Uint8Array,
	typed: TypedField,
	visitor: Visitor,
	input: InputLabel,
): void {
	const reader = new WireReader(contents);
	while (reader.hasMore) {
		const tag = reader.tag();
		const field = Math.floor(tag / 8);
		if (field > LAST_FIELD) reader.skip(tag);
		else if (field !== typed.field)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`contents of input '${input.name}' are not in the field for ${input.dtype}`,
			);
		else visitField(reader, tag & 7, typed, visitor);
	}
}

/** A repeated field, packed or one value at a time. */
function visitField(
	reader: WireReader,
	wireType: number,
	{ kind, size }: TypedField,
	visitor: Visitor,
): void {
	if (wireType === WIRE.LEN) {
		const view = reader.view();
		if (kind === "bytes") visitor.element(view);
		else if (kind !== "fixed") visitor.varints(new WireReader(view));
		else if (view.byteLength % size === 0) visitor.fixed(view);
		else throw malformed("packed numbers are cut off");
		return;
	}
	const expected =
		kind === "fixed" ? (size === 4 ? WIRE.I32 : WIRE.I64) : WIRE.VARINT;
	if (kind === "bytes" || wireType !== expected)
		throw malformed(`wire type ${wireType} in the contents of a tensor`);
	const start = reader.at;
	reader.skip(wireType);
	const value = reader.bytes.subarray(start, reader.at);
	if (kind === "fixed") visitor.fixed(value);
	else visitor.varints(new WireReader(value));
}

/** Bytes that the tensor takes. */
class Counter implements Visitor {
	byteLength = 0;
	readonly #size: number;

	constructor({ size }: TypedField) {
		this.#size = size;
	}

	varints(reader: WireReader): void {
		const { bytes } = reader;
		// Each value ends with the one octet below 0x80.
		for (let at = reader.at; at < reader.end; at++)
			if (bytes[at]! < 0x80) this.byteLength += this.#size;
	}

	fixed(view: Uint8Array): void {
		this.byteLength += view.byteLength;
	}

	element(view: Uint8Array): void {
		this.byteLength += 4 + view.byteLength;
	}
}

class Filler implements Visitor {
	bytes: Uint8Array;
	readonly #typed: TypedField;
	readonly #input: InputLabel;
	readonly #view: DataView;
	#at = 0;

	constructor(typed: TypedField, byteLength: number, input: InputLabel) {
		this.bytes = new Uint8Array(byteLength);
		this.#view = new DataView(this.bytes.buffer);
		this.#typed = typed;
		this.#input = input;
	}

	varints(reader: WireReader): void {
		const { kind, size } = this.#typed;
		while (reader.hasMore) {
			if (kind === "bool")
				this.bytes[this.#at] = reader.varint64() === 0n ? 0 : 1;
			else this.#write(this.#checked(reader.varint64()));
			this.#at += size;
		}
	}

	fixed(view: Uint8Array): void {
		this.bytes.set(view, this.#at);
		this.#at += view.byteLength;
	}

	element(view: Uint8Array): void {
		this.#view.setUint32(this.#at, view.byteLength, true);
		this.bytes.set(view, this.#at + 4);
		this.#at += 4 + view.byteLength;
	}

	#checked(raw: bigint): bigint {
		const { min, max } = this.#typed;
		const value = min < 0n ? BigInt.asIntN(64, raw) : raw;
		if (value >= min && value <= max) return value;
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`value ${value} of input '${this.#input.name}' is outside the range of ${this.#input.dtype}`,
		);
	}

	#write(value: bigint): void {
		const view = this.#view;
		switch (this.#typed.size) {
			case 8:
				view.setBigUint64(this.#at, BigInt.asUintN(64, value), true);
				return;
			case 4:
				view.setUint32(this.#at, Number(BigInt.asUintN(32, value)), true);
				return;
			case 2:
				view.setUint16(this.#at, Number(BigInt.asUintN(16, value)), true);
				return;
			default:
				view.setUint8(this.#at, Number(BigInt.asUintN(8, value)));
		}
	}
}
