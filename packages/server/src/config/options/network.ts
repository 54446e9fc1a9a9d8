// HTTP and gRPC: where they listen, who reads their sockets, and how much and how long clients may send.
import {
	boolean,
	filledText,
	type Reader,
	text,
	wholeNumber,
} from "../../common/readers.ts";
import { headerPatternProblem } from "../../endpoint/header-forward.ts";
import { count, MIB, option, port, positive } from "./option.ts";

/** A full match of a header's name, in any case. */
const headerPattern: Reader<string> = (value) => {
	const read = text(value);
	const problem = read.ok ? headerPatternProblem(read.value) : null;
	return problem === null ? read : { ok: false, problem };
};

export const NETWORK_OPTIONS = {
	allowHttp: option({
		flag: "allow-http",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning: "Serve HTTP.",
		reason: "Triton's default.",
	}),
	httpAddress: option({
		flag: "http-address",
		read: filledText,
		default: "127.0.0.1",
		strictDefault: "0.0.0.0",
		unit: "address",
		meaning: "Where HTTP listens.",
		reason: "Loopback: reaching other machines is a decision, not an accident.",
	}),
	httpPort: option({
		flag: "http-port",
		read: port,
		default: 8000,
		unit: "port; 0: any free",
		meaning: "HTTP port.",
		reason: "Triton's default.",
	}),
	httpMaxInputBytes: option({
		flag: "http-max-input-size",
		read: count,
		default: 64 * MIB,
		unit: "bytes",
		meaning: "Largest JSON, raw or decompressed HTTP body.",
		reason: "Triton's default.",
	}),
	httpHeadTimeoutMs: option({
		flag: "http-head-timeout",
		read: positive,
		default: 10_000,
		unit: "ms",
		meaning: "Time for the head of an HTTP request; slower clients are cut.",
		reason: "A head is small: who needs longer holds connections open.",
	}),
	httpRequestTimeoutMs: option({
		flag: "http-request-timeout",
		read: positive,
		default: 60_000,
		unit: "ms",
		meaning: "Time for a whole HTTP request to arrive; slower clients are cut.",
		reason: "64 MiB at 10 Mbit/s; raise it for larger bodies on slow links.",
	}),
	httpWriteTimeoutMs: option({
		flag: "http-write-timeout",
		read: positive,
		default: 60_000,
		unit: "ms",
		meaning:
			"Time for an HTTP answer to be read, beside a second per MiB; slower clients are cut.",
		reason: "An answer that nobody reads must not stay in memory.",
	}),
	httpHeaderForwardPattern: option({
		flag: "http-header-forward-pattern",
		read: headerPattern,
		default: "",
		unit: "regular expression",
		meaning:
			"HTTP headers whose whole name matches, in any case, go with an inference as parameters.",
		reason:
			"None: headers carry secrets. Patterns that a hostile name could make take for ever are refused.",
	}),
	httpMaxConnectionCount: option({
		flag: "http-max-connections",
		read: positive,
		default: 10_000,
		unit: "connections",
		meaning: "HTTP connections at once; more are closed as they come.",
		reason: "Bounded, and far above what one machine's clients open.",
	}),
	allowGrpc: option({
		flag: "allow-grpc",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning: "Serve gRPC.",
		reason: "Triton's default.",
	}),
	grpcAddress: option({
		flag: "grpc-address",
		read: filledText,
		default: "127.0.0.1",
		strictDefault: "0.0.0.0",
		unit: "address",
		meaning: "Where gRPC listens.",
		reason: "Loopback, as for HTTP.",
	}),
	grpcPort: option({
		flag: "grpc-port",
		read: port,
		default: 8001,
		unit: "port; 0: any free",
		meaning: "gRPC port.",
		reason: "Triton's default.",
	}),
	grpcHeaderForwardPattern: option({
		flag: "grpc-header-forward-pattern",
		read: headerPattern,
		default: "",
		unit: "regular expression",
		meaning:
			"gRPC metadata whose whole name matches, in any case, goes with an inference as parameters.",
		reason: "As for HTTP.",
	}),
	fronts: option({
		flag: "fronts",
		read: wholeNumber({ max: 64 }),
		default: 0,
		unit: "threads",
		meaning:
			"Network threads that share the HTTP and gRPC ports and own connections from the socket to the decoded request; admission and scheduling stay on one thread, so that requests of all connections batch together. 0: that thread owns the connections too. Linux and FreeBSD; sensor streams are not served with it.",
		reason:
			"A hop between threads costs more than decoding a request: where cores are few, fewer requests are served with it.",
	}),
	grpcMaxMessageBytes: option({
		flag: "grpc-max-message-size",
		read: count,
		default: 256 * MIB,
		unit: "bytes",
		meaning: "Largest gRPC message, after decompression.",
		reason:
			"Several 4K frames in one message; Triton has 2 GiB, which one client could use up.",
	}),
	grpcKeepaliveTimeMs: option({
		flag: "grpc-keepalive-time",
		read: count,
		default: 7_200_000,
		unit: "ms; 0: never",
		meaning: "Silence after which the server sends a PING.",
		reason: "Triton's default.",
	}),
	grpcKeepaliveTimeoutMs: option({
		flag: "grpc-keepalive-timeout",
		read: count,
		default: 20_000,
		unit: "ms",
		meaning: "Time for the answer to that PING.",
		reason: "Triton's default.",
	}),
	grpcMaxConnectionAgeMs: option({
		flag: "grpc-max-connection-age",
		read: count,
		default: 0,
		unit: "ms; 0: unlimited",
		meaning: "Age at which a connection is asked to reconnect.",
		reason: "Triton's default.",
	}),
	grpcMaxConnectionAgeGraceMs: option({
		flag: "grpc-max-connection-age-grace",
		read: count,
		default: 0,
		unit: "ms; 0: unlimited",
		meaning: "Time for calls under way after that.",
		reason: "Triton's default.",
	}),
} as const;
