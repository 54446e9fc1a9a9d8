// What can be wrong with a point cloud that came from outside.

/**
 * - `truncated`: the bytes end before what they announce
 * - `malformed`: the bytes are not of that format
 * - `inconsistent`: sizes or offsets contradict each other
 * - `unsupported`: valid, but nothing that is read here
 * - `missing-field`: a field that is needed is not there
 * - `no-room`: the caller's buffer is too small
 */
export type PointCloudErrorCode =
	| "truncated"
	| "malformed"
	| "inconsistent"
	| "unsupported"
	| "missing-field"
	| "no-room";

/** Match it by `code`. The numbers of the message are beside it: what was there, and what was needed or allowed. */
export class PointCloudError extends RangeError {
	override readonly name = "PointCloudError";
	readonly code: PointCloudErrorCode;
	readonly actual: number;
	readonly expected: number;

	constructor(
		code: PointCloudErrorCode,
		message: string,
		actual: number,
		expected: number,
	) {
		super(message);
		this.code = code;
		this.actual = actual;
		this.expected = expected;
	}
}

/** @throws PointCloudError `truncated` unless `needed` bytes are there from `at` to `end`. */
export function assertBytes(
	what: string,
	at: number,
	needed: number,
	end: number,
): void {
	if (needed > end - at)
		throw new PointCloudError(
			"truncated",
			`${what} needs ${needed} bytes at offset ${at}, but ${end - at} are left`,
			end - at,
			needed,
		);
}

/** @throws PointCloudError `no-room` when `target` cannot take `needed` bytes at `at`. */
export function assertRoom(
	what: string,
	target: Uint8Array,
	at: number,
	needed: number,
): void {
	if (needed > target.length - at)
		throw new PointCloudError(
			"no-room",
			`${what} takes ${needed} bytes at offset ${at}, but the buffer has ${target.length}`,
			target.length - at,
			needed,
		);
}
