// Values that flow between steps, of any kind that another thread can be sent, as bytes of a recording.
import { deserialize, serialize } from "node:v8";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { StepValuesSchema } from "@saccade/protocol/gen/saccade/v1/recording_pb.js";
import { SaccadeError } from "../../errors/saccade-error.ts";

export function stepValuesBytes(values: readonly unknown[]): Uint8Array {
	const plain = values.map((value) => unshared(value, new Map()));
	const message = create(StepValuesSchema, { values: serialize(plain) });
	return toBinary(StepValuesSchema, message);
}

/** Throws MALFORMED. */
export function stepValuesOf(bytes: Uint8Array): readonly unknown[] {
	try {
		const values: unknown = deserialize(
			fromBinary(StepValuesSchema, bytes).values,
		);
		if (Array.isArray(values)) return values;
	} catch {
		// As below.
	}
	throw new SaccadeError("MALFORMED", "what a step gave cannot be read");
}

/** Memory that threads share cannot be written: it is copied. @param seen values may refer to each other */
function unshared(value: unknown, seen: Map<object, unknown>): unknown {
	if (typeof value !== "object" || value === null) return value;
	const known = seen.get(value);
	if (known !== undefined) return known;
	if (ArrayBuffer.isView(value)) return ownView(value);
	if (Array.isArray(value)) {
		const copy: unknown[] = [];
		seen.set(value, copy);
		for (const item of value) copy.push(unshared(item, seen));
		return copy;
	}
	if (Object.getPrototypeOf(value) !== Object.prototype) return value;
	const copy: Record<string, unknown> = {};
	seen.set(value, copy);
	for (const [key, item] of Object.entries(value))
		copy[key] = unshared(item, seen);
	return copy;
}

function ownView(view: ArrayBufferView): ArrayBufferView {
	if (!(view.buffer instanceof SharedArrayBuffer)) return view;
	const { buffer, byteOffset, byteLength } = view;
	const bytes = new Uint8Array(buffer, byteOffset, byteLength).slice();
	if (view instanceof Uint8Array) return bytes;
	const make = view.constructor as new (buffer: ArrayBuffer) => ArrayBufferView;
	return new make(bytes.buffer);
}
