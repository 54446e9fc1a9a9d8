// `grpc-timeout`: at most 8 digits and a unit.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

const UNIT_US: Readonly<Record<string, number>> = {
	H: 3_600_000_000,
	M: 60_000_000,
	S: 1_000_000,
	m: 1000,
	u: 1,
	n: 0.001,
};
const FORM = /^(\d{1,8})([HMSmun])$/;

/** Microseconds; Infinity when absent; null when malformed. */
export function parseTimeoutUs(text: string | undefined): number | null {
	if (text === undefined) return Number.POSITIVE_INFINITY;
	const match = FORM.exec(text);
	if (match === null) return null;
	return Number(match[1]) * UNIT_US[match[2]!]!;
}
