// The options of `saccade bench` → what is to be done, every number checked.
import type { OpenLoad } from "../../load-generator/open-loop.ts";
import { UsageError } from "../usage-error.ts";

/** As commander hands them over. */
export interface BenchFlags {
	/** May be missing where plain readings are sent. */
	readonly model?: string;
	readonly url: string;
	readonly protocol: string;
	readonly rate?: string;
	readonly cameras?: string;
	readonly fps: string;
	readonly concurrency?: string;
	readonly deadlineMs: string;
	readonly seconds: string;
	readonly warmUpSeconds: string;
	readonly connections?: string;
	readonly seed: string;
	readonly shape?: readonly string[];
	readonly json?: boolean;
}

const BENCH_PROTOCOLS = ["grpc", "http", "stream"] as const;
type BenchProtocol = (typeof BENCH_PROTOCOLS)[number];

export interface BenchPlan {
	/** null: plain readings over a stream. */
	readonly model: string | null;
	readonly protocol: BenchProtocol;
	readonly host: string;
	readonly port: number;
	readonly arrivals: OpenLoad["arrivals"];
	readonly deadlineMs: number;
	readonly seconds: number;
	readonly warmUpSeconds: number;
	readonly connections: number;
	readonly seed: number;
	/** `name:sizes` */
	readonly shapes: readonly string[];
}

const GRPC_CONNECTIONS = 4;
/** Each is one stream. */
const STREAM_CONNECTIONS = 1;
const HTTP_CONNECTIONS = 64;
const MAX_COUNT = 100_000;

/** Throws UsageError. */
export function parseBenchPlan(flags: BenchFlags): BenchPlan {
	const protocol = parseProtocol(flags.protocol);
	if (flags.model === undefined && protocol !== "stream")
		throw new UsageError(
			`--model names the model to ask; only --protocol stream does without, and sends plain readings`,
		);
	const arrivals = parseArrivals(flags);
	return {
		model: flags.model ?? null,
		protocol,
		...parseAddress(flags.url),
		arrivals,
		deadlineMs: positive(flags.deadlineMs, "--deadline-ms"),
		seconds: positive(flags.seconds, "--seconds"),
		warmUpSeconds: positive(flags.warmUpSeconds, "--warm-up-seconds"),
		connections:
			flags.connections === undefined
				? connectionsOf(protocol, arrivals)
				: count(flags.connections, "--connections"),
		seed: count(flags.seed, "--seed"),
		shapes: flags.shape ?? [],
	};
}

function parseProtocol(text: string): BenchProtocol {
	const known = BENCH_PROTOCOLS.find((protocol) => protocol === text);
	if (known !== undefined) return known;
	throw new UsageError(
		`--protocol is ${BENCH_PROTOCOLS.join(", ")}, got '${text}'`,
	);
}

function connectionsOf(
	protocol: BenchProtocol,
	arrivals: BenchPlan["arrivals"],
): number {
	if (protocol === "grpc") return GRPC_CONNECTIONS;
	if (protocol === "stream") return STREAM_CONNECTIONS;
	return arrivals.kind === "closed" ? arrivals.inFlight : HTTP_CONNECTIONS;
}

function parseArrivals(flags: BenchFlags): BenchPlan["arrivals"] {
	const { rate, cameras, concurrency } = flags;
	const given = [rate, cameras, concurrency].filter(
		(flag) => flag !== undefined,
	);
	if (given.length > 1)
		throw new UsageError("give one of --rate, --cameras and --concurrency");
	if (rate !== undefined)
		return { kind: "poisson", ratePerSecond: positive(rate, "--rate") };
	if (cameras !== undefined)
		return {
			kind: "cameras",
			cameraCount: count(cameras, "--cameras"),
			framesPerSecond: positive(flags.fps, "--fps"),
		};
	return {
		kind: "closed",
		inFlight: count(concurrency ?? "1", "--concurrency"),
	};
}

function parseAddress(url: string): { host: string; port: number } {
	const full = url.includes("://") ? url : `http://${url}`;
	const parsed = URL.canParse(full) ? new URL(full) : null;
	const port = Number(parsed?.port);
	if (parsed?.protocol !== "http:" || port === 0)
		throw new UsageError(`--url is host:port, got '${url}'`);
	// Node connects to an IPv6 address without its brackets.
	const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
	return { host, port };
}

function positive(text: string, name: string): number {
	const value = Number(text);
	if (value > 0 && Number.isFinite(value)) return value;
	throw new UsageError(`${name} is a number above 0, got '${text}'`);
}

function count(text: string, name: string): number {
	const value = Number(text);
	if (Number.isInteger(value) && value > 0 && value <= MAX_COUNT) return value;
	throw new UsageError(
		`${name} is a whole number from 1 to ${MAX_COUNT}, got '${text}'`,
	);
}
