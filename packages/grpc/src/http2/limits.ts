// Limits of a connection: each with its unit, default and reason. Resolved once, frozen.
import {
	DEFAULT_WINDOW_BYTES,
	MAX_MAX_FRAME_BYTES,
	MAX_WINDOW_BYTES,
	MIN_MAX_FRAME_BYTES,
} from "./constants.ts";

export interface ConnectionLimits {
	/** Streams open at once. @default 1000: one frame each of many sensors */
	readonly maxConcurrentStreams: number;
	/** Credit a client has per stream, in bytes. @default 4 MiB: a camera frame without a stall */
	readonly streamWindowBytes: number;
	/**
	 * Credit of a stream that is not wanted yet while the server is under pressure (`GrpcServer.setPressure`), in
	 * bytes. @default 8 KiB: small requests fit, and of a large one the head and the first fields
	 */
	readonly narrowWindowBytes: number;
	/** Credit a client has on the whole connection, in bytes. @default 32 MiB */
	readonly connectionWindowBytes: number;
	/** Largest frame accepted. @default 1 MiB: more would only delay other streams */
	readonly maxFrameBytes: number;
	/** Header list after decoding (RFC 9113, 6.5.2). @default 32 KiB */
	readonly maxHeaderListBytes: number;
	/** CONTINUATION frames of one block. @default 32: a flood of tiny ones costs CPU (CVE-2024-24549 and kin) */
	readonly maxContinuationCount: number;
	/**
	 * Streams reset a second, by the client or by what it did wrong, beyond one for each answered call; and the
	 * burst. @default 1000, 2000: clients whose deadlines pass under overload reset many, attackers 100,000
	 */
	readonly resetsPerSecond: number;
	readonly resetBurst: number;
	/**
	 * PING, SETTINGS, PRIORITY, empty DATA that ends nothing, credit in crumbs and frames on closed streams together;
	 * a PING per answer, as clients send to measure the path, is free. @default 200, 1000
	 */
	readonly controlFramesPerSecond: number;
	readonly controlFrameBurst: number;
	/** Output the kernel has not taken, in bytes, above which the connection is not read. @default 4 MiB */
	readonly maxBacklogBytes: number;
	/** Answers that wait for the client's window or for the kernel, in bytes: above it, it is cut off. @default 64 MiB */
	readonly maxQueuedBytes: number;
	/** Time for the preface, and for a header block or a body to make progress, in µs. @default 10 s, 30 s */
	readonly prefaceTimeoutUs: number;
	readonly stallTimeoutUs: number;
	/** Time in which the kernel takes none of our output before the peer counts as gone, in µs. @default 60 s */
	readonly writeTimeoutUs: number;
	/** Time for the peer to answer the first GOAWAY of a drain, and to close its side after ours, in µs. @default 5 s */
	readonly closeTimeoutUs: number;
}

const MIB = 1024 * 1024;
const SECOND_US = 1_000_000;

const DEFAULTS: ConnectionLimits = {
	maxConcurrentStreams: 1000,
	streamWindowBytes: 4 * MIB,
	narrowWindowBytes: 8 * 1024,
	connectionWindowBytes: 32 * MIB,
	maxFrameBytes: MIB,
	maxHeaderListBytes: 32 * 1024,
	maxContinuationCount: 32,
	resetsPerSecond: 1000,
	resetBurst: 2000,
	controlFramesPerSecond: 200,
	controlFrameBurst: 1000,
	maxBacklogBytes: 4 * MIB,
	maxQueuedBytes: 64 * MIB,
	prefaceTimeoutUs: 10 * SECOND_US,
	stallTimeoutUs: 30 * SECOND_US,
	writeTimeoutUs: 60 * SECOND_US,
	closeTimeoutUs: 5 * SECOND_US,
};

/** What is sent as a setting is a whole number that RFC 9113 allows there (6.5.2, 6.9.1). */
const RANGES: Partial<
	Record<keyof ConnectionLimits, readonly [min: number, max: number]>
> = {
	maxConcurrentStreams: [1, MAX_WINDOW_BYTES],
	// A stream that was widened under pressure has up to twice as much when it is over.
	streamWindowBytes: [1, (MAX_WINDOW_BYTES + 1) / 2],
	// A method sees 1024 octets of a message, behind its prefix, before it takes it.
	narrowWindowBytes: [2048, MAX_WINDOW_BYTES],
	// Clients begin with this much and are never told of less.
	connectionWindowBytes: [DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES],
	maxFrameBytes: [MIN_MAX_FRAME_BYTES, MAX_MAX_FRAME_BYTES],
	maxHeaderListBytes: [1, MAX_WINDOW_BYTES],
};

/** Throws RangeError for a limit that is no positive number, or no such setting. */
export function resolveLimits(
	given: Partial<ConnectionLimits> = {},
): ConnectionLimits {
	const limits = withDefaults(given);
	for (const [name, value] of Object.entries(limits))
		if (!(value > 0)) throw new RangeError(`${name} must be > 0, got ${value}`);
	for (const [name, [min, max]] of Object.entries(RANGES)) {
		const value = limits[name as keyof ConnectionLimits];
		if (!Number.isInteger(value) || value < min || value > max)
			throw new RangeError(
				`${name} must be a whole number from ${min} to ${max}, got ${value}`,
			);
	}
	return limits;
}

/** What is narrow is at most as wide as what is not. */
function withDefaults(given: Partial<ConnectionLimits>): ConnectionLimits {
	const limits = { ...DEFAULTS, ...given };
	const narrowWindowBytes = Math.min(
		limits.narrowWindowBytes,
		limits.streamWindowBytes,
	);
	return Object.freeze({ ...limits, narrowWindowBytes });
}

/** A header list somewhat over its limit gets a proper answer (431); a block far over it is an attack. */
export function maxBlockBytes(maxHeaderListBytes: number): number {
	return 4 * maxHeaderListBytes;
}
