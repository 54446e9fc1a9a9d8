// Row-major boxes inside boxes: a tensor is padded by copying it into the corner of a larger one, and unpadded by
// copying the corner out. Runs of bytes that lie together in both are copied as one.
//
//   from [2, 3]      to [2, 5]
//   a b c            a b c · ·
//   d e f            d e f · ·

export interface Box {
	readonly bytes: Uint8Array;
	/** Where it begins in `bytes`. */
	readonly at: number;
	readonly shape: readonly number[];
}

/** Shorter runs are copied byte by byte: a call costs more. */
const CALL_FROM_BYTES = 32;

/**
 * Copies what both boxes have, from the corner. What `to` has beyond it is filled with `pad`, one element; null leaves
 * it as it is. Shapes have the same rank.
 */
export function fitBox(
	to: Box,
	from: Box,
	elementBytes: number,
	pad: Uint8Array | null,
): void {
	const { shape: toShape } = to;
	const { shape: fromShape } = from;
	// From this axis on both are laid out alike, but for how many there are of the axis itself.
	let last = toShape.length - 1;
	while (last > 0 && toShape[last] === fromShape[last]) last--;
	const toStrides = strides(toShape, elementBytes);
	const fromStrides = strides(fromShape, elementBytes);
	const copyAxis = (axis: number, toAt: number, fromAt: number): void => {
		const stride = toStrides[axis]!;
		const count = Math.min(toShape[axis]!, fromShape[axis]!);
		if (axis === last)
			copyRun(to.bytes, toAt, from.bytes, fromAt, count * stride);
		else
			for (let i = 0; i < count; i++)
				copyAxis(axis + 1, toAt + i * stride, fromAt + i * fromStrides[axis]!);
		if (pad !== null)
			fillRun(
				to.bytes,
				toAt + count * stride,
				toAt + toShape[axis]! * stride,
				pad,
			);
	};
	copyAxis(0, to.at, from.at);
}

/**
 * Whether the corner of `shape` in a box of shape `inside` lies in one run of bytes from its start: then it need not
 * be copied.
 */
export function isPrefix(
	shape: readonly number[],
	inside: readonly number[],
): boolean {
	let last = shape.length - 1;
	while (last > 0 && shape[last] === inside[last]) last--;
	for (let axis = 0; axis < last; axis++) if (shape[axis] !== 1) return false;
	return true;
}

function strides(shape: readonly number[], elementBytes: number): number[] {
	const result = new Array<number>(shape.length);
	let stride = elementBytes;
	for (let axis = shape.length - 1; axis >= 0; axis--) {
		result[axis] = stride;
		stride *= shape[axis]!;
	}
	return result;
}

function copyRun(
	to: Uint8Array,
	toAt: number,
	from: Uint8Array,
	fromAt: number,
	length: number,
): void {
	if (length >= CALL_FROM_BYTES) {
		to.set(from.subarray(fromAt, fromAt + length), toAt);
		return;
	}
	for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i]!;
}

function fillRun(
	bytes: Uint8Array,
	start: number,
	end: number,
	pad: Uint8Array,
): void {
	if (start === end) return;
	const isOneByte = pad.every((byte) => byte === pad[0]);
	if (isOneByte) {
		bytes.fill(pad[0]!, start, end);
		return;
	}
	// The first element, then what is there already, twice as much each time.
	bytes.set(pad, start);
	for (let done = pad.length; start + done < end; done *= 2)
		bytes.copyWithin(start + done, start, Math.min(start + done, end - done));
}
