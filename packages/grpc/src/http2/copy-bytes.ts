/** A copy that outlives the read buffer. Not `slice`: on a Buffer that is another view of the same memory. */
export function copyBytes(
	bytes: Uint8Array,
	start: number,
	end: number,
): Uint8Array {
	return new Uint8Array(bytes.subarray(start, end));
}
