// Everything a server can be told, with defaults and reasons; resolved once into a frozen object.
import type { TlsOptions } from "node:tls";
import type { GrpcClock, MethodHandler } from "./api.ts";
import { type ConnectionLimits, resolveLimits } from "./http2/limits.ts";

export interface GrpcServerOptions {
	/** `/package.Service/Method` → handler. */
	readonly methods: ReadonlyMap<string, MethodHandler>;
	/** Certificates; ALPN `h2` is set here. @default plain text */
	readonly tls?: TlsOptions;
	/** Largest message after decompression, in bytes. @default 64 MiB */
	readonly maxMessageBytes?: number;
	/** Largest growth of a compressed message that inflates to more than 4 MiB. @default 200: real tensors stay far below */
	readonly maxInflateRatio?: number;
	/**
	 * Bytes kept for all connections together: of each call its message that is arriving or not yet answered, and
	 * answers that clients do not read. Above it, calls end with RESOURCE_EXHAUSTED and such clients are cut off.
	 * @default 1 GiB: 16 of the largest messages, or 700 camera frames
	 */
	readonly maxKeptBytes?: number;
	readonly limits?: Partial<ConnectionLimits>;
	/** Connections at once. @default 10,000 */
	readonly maxConnections?: number;
	/** Silence after which a PING is sent, in ms; 0: never. @default 2 h, as gRPC servers */
	readonly keepaliveTimeMs?: number;
	/** How long that PING may take, in ms. @default 20 s */
	readonly keepaliveTimeoutMs?: number;
	/** Age at which a connection is drained, ± 10 %, so that clients spread anew, in ms; 0: never. @default 0 */
	readonly maxConnectionAgeMs?: number;
	/** Time for calls under way after that, in ms; 0: as long as they take. @default 0 */
	readonly maxConnectionAgeGraceMs?: number;
	/** Reuse one read buffer where Node lets us. @default true; false reads by public `data` events */
	readonly reuseReadBuffer?: boolean;
	/** Monotonic. @default performance.now */
	readonly clock?: GrpcClock;
}

export type ResolvedOptions = Readonly<
	Required<Omit<GrpcServerOptions, "tls" | "limits">> & {
		tls: TlsOptions | null;
		limits: ConnectionLimits;
	}
>;

/** Throws RangeError for a number that makes no sense. */
export function resolveOptions(options: GrpcServerOptions): ResolvedOptions {
	const resolved = withDefaults(options);
	for (const [name, value] of Object.entries(resolved))
		if (typeof value === "number" && !(value >= 0))
			throw new RangeError(`${name} must be >= 0, got ${value}`);
	return Object.freeze(resolved);
}

function withDefaults(options: GrpcServerOptions): ResolvedOptions {
	return {
		methods: options.methods,
		tls: options.tls ?? null,
		maxMessageBytes: options.maxMessageBytes ?? 64 * 1024 * 1024,
		maxInflateRatio: options.maxInflateRatio ?? 200,
		maxKeptBytes: options.maxKeptBytes ?? 1024 * 1024 * 1024,
		limits: resolveLimits(options.limits),
		maxConnections: options.maxConnections ?? 10_000,
		keepaliveTimeMs: options.keepaliveTimeMs ?? 7_200_000,
		keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 20_000,
		maxConnectionAgeMs: options.maxConnectionAgeMs ?? 0,
		maxConnectionAgeGraceMs: options.maxConnectionAgeGraceMs ?? 0,
		reuseReadBuffer: options.reuseReadBuffer ?? true,
		clock: options.clock ?? { nowUs: () => performance.now() * 1000 },
	};
}
