// The wire form of BYTES tensors: each element is a 4-byte little-endian length and that many octets.

/** What is wrong with a BYTES tensor, in numbers; null when it holds exactly `expected` elements. */
export type BytesProblem =
	| { readonly kind: "too-many"; readonly found: number }
	| { readonly kind: "too-few"; readonly found: number }
	| { readonly kind: "cut-length"; readonly available: number }
	| { readonly kind: "cut-element"; readonly missing: number };

export function checkBytesElements(
	data: Uint8Array,
	expected: number,
): BytesProblem | null {
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	let found = 0;
	for (let at = 0; at < data.byteLength; found++) {
		const available = data.byteLength - at;
		if (available < 4) return { kind: "cut-length", available };
		const length = view.getUint32(at, true);
		if (length > available - 4)
			return { kind: "cut-element", missing: length - (available - 4) };
		at += 4 + length;
	}
	if (found > expected) return { kind: "too-many", found };
	return found < expected ? { kind: "too-few", found } : null;
}

export function encodeBytesElements(
	elements: readonly Uint8Array[],
): Uint8Array {
	const total = elements.reduce((sum, bytes) => sum + 4 + bytes.byteLength, 0);
	const out = new Uint8Array(total);
	const view = new DataView(out.buffer);
	let at = 0;
	for (const bytes of elements) {
		view.setUint32(at, bytes.byteLength, true);
		out.set(bytes, at + 4);
		at += 4 + bytes.byteLength;
	}
	return out;
}

/** Views of the elements, one after the other. The tensor must have been checked. */
export function* bytesElements(data: Uint8Array): Generator<Uint8Array> {
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	for (let at = 0; at < data.byteLength; ) {
		const length = view.getUint32(at, true);
		yield data.subarray(at + 4, at + 4 + length);
		at += 4 + length;
	}
}

/** All of them; see `bytesElements`. */
export function decodeBytesElements(data: Uint8Array): Uint8Array[] {
	return [...bytesElements(data)];
}
