// The options of `saccade bench` → what is to be done, every number checked.
import type { OpenLoad } from "../../load-generator/open-loop.ts";
import { UsageError } from "../usage-error.ts";

/** As commander hands them over. */
export interface BenchFlags {
	readonly model: string;
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

export interface BenchPlan {
	readonly model: string;
	readonly protocol: "grpc" | "http";
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
const HTTP_CONNECTIONS = 64;
const MAX_COUNT = 100_000;

/** Throws UsageError. */
export function parseBenchPlan(flags: BenchFlags): BenchPlan {
	const { protocol } = flags;
	if (protocol !== "grpc" && protocol !== "http")
		throw new UsageError(`--protocol is grpc or http, got '${protocol}'`);
	const arrivals = parseArrivals(flags);
	const fallback =
		protocol === "grpc"
			? GRPC_CONNECTIONS
			: arrivals.kind === "closed"
				? arrivals.inFlight
				: HTTP_CONNECTIONS;
	return {
		model: flags.model,
		protocol,
		...parseAddress(flags.url),
		arrivals,
		deadlineMs: positive(flags.deadlineMs, "--deadline-ms"),
		seconds: positive(flags.seconds, "--seconds"),
		warmUpSeconds: positive(flags.warmUpSeconds, "--warm-up-seconds"),
		connections:
			flags.connections === undefined
				? fallback
				: count(flags.connections, "--connections"),
		seed: count(flags.seed, "--seed"),
		shapes: flags.shape ?? [],
	};
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
