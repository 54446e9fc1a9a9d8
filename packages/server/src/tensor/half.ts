// The two floating-point types of 16 bits, read.

/** IEEE 754 binary16. */
export function halfToNumber(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
	if (exponent === 0) return sign * fraction * 2 ** -24;
	return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The upper half of an FP32. */
export function bfloatToNumber(bits: number): number {
	const view = new DataView(new ArrayBuffer(4));
	view.setUint32(0, bits << 16);
	return view.getFloat32(0);
}
