// Limits of the HTTP transport: each with its unit, default and reason. Resolved once, frozen.

export interface HttpLimits {
	/** Largest JSON, raw or decompressed body, and largest body of unknown length, in bytes. */
	readonly maxInputBytes: number;
	/**
	 * Larger JSON is parsed in a thread, in bytes. @default 64 KiB: about 1 ms of numbers, 2 ms of the worst
	 * (docs/decisions/0007), against some 0.1 ms for the way to the thread and back
	 */
	readonly jsonOnLoopBytes: number;
	/** Time for the head of a request. @default 10 s */
	readonly headTimeoutMs: number;
	/** Time for a whole request to arrive. @default 60 s */
	readonly requestTimeoutMs: number;
	/** Time for an answer to be read, beside what its bytes take at the lowest rate. @default 60 s, and 1 MiB/s */
	readonly writeTimeoutMs: number;
	readonly minReadBytesPerSecond: number;
	/** Time an idle connection is kept. @default 75 s: longer than most proxies keep theirs */
	readonly keepAliveTimeoutMs: number;
	/** Time a refused client may go on sending before it is cut, so that it gets to read why. @default 5 s */
	readonly lingerMs: number;
	/** All header lines of a request. @default 32 KiB, and 200 */
	readonly maxHeaderBytes: number;
	readonly maxHeaderCount: number;
	/** Connections at once; more are closed as they come. @default 10,000 */
	readonly maxConnectionCount: number;
	/** Answers that clients have not read yet, of all connections; beyond it no inference begins. @default 256 MiB */
	readonly maxUnreadBytes: number;
}

const MIB = 1024 * 1024;

const DEFAULTS: HttpLimits = {
	maxInputBytes: 64 * MIB,
	jsonOnLoopBytes: 64 * 1024,
	headTimeoutMs: 10_000,
	requestTimeoutMs: 60_000,
	writeTimeoutMs: 60_000,
	minReadBytesPerSecond: MIB,
	keepAliveTimeoutMs: 75_000,
	lingerMs: 5_000,
	maxHeaderBytes: 32 * 1024,
	maxHeaderCount: 200,
	maxConnectionCount: 10_000,
	maxUnreadBytes: 256 * MIB,
};

/** Throws RangeError for a limit that is no positive number. */
export function resolveHttpLimits(given: Partial<HttpLimits>): HttpLimits {
	const limits = Object.freeze({ ...DEFAULTS, ...given });
	for (const [name, value] of Object.entries(limits))
		if (!(value > 0)) throw new RangeError(`${name} must be > 0, got ${value}`);
	return limits;
}
