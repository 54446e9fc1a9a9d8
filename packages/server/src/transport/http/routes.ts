// Paths → operations. Matched on the raw path by pattern, without a trailing slash; names are percent-decoded after
// the match, so that an encoded slash stays part of a name.
import { SaccadeError } from "../../errors/saccade-error.ts";

type RouteName =
	| "live"
	| "ready"
	| "server"
	| "modelReady"
	| "model"
	| "config"
	| "stats"
	| "allStats"
	| "infer"
	| "generate"
	| "generateStream"
	| "index"
	| "load"
	| "unload"
	| "swaps"
	| "trace"
	| "modelTrace"
	| "logging"
	| "shmStatus"
	| "shmRegister"
	| "shmUnregister"
	| "telemetry"
	| "recordings"
	| "recordingStop"
	| "pipelines"
	| "explain"
	| "traces"
	| "console";

export interface Route {
	readonly name: RouteName;
	readonly methods: readonly ("GET" | "POST")[];
	readonly model: string;
	readonly version: string;
	/** Region of shared memory, or the id of a trace, or "". */
	readonly region: string;
}

const MODEL = "/v2/models/(?<model>[^/]+)(?:/versions/(?<version>[0-9]+))?";
const TABLE: readonly (readonly [
	RouteName,
	readonly ("GET" | "POST")[],
	RegExp,
])[] = [
	["live", ["GET"], /^\/v2\/health\/live$/],
	["ready", ["GET"], /^\/v2\/health\/ready$/],
	["server", ["GET"], /^\/v2$/],
	["allStats", ["GET"], /^\/v2\/models\/stats$/],
	["infer", ["POST"], new RegExp(`^${MODEL}/infer$`)],
	["generate", ["POST"], new RegExp(`^${MODEL}/generate$`)],
	["generateStream", ["POST"], new RegExp(`^${MODEL}/generate_stream$`)],
	["modelReady", ["GET"], new RegExp(`^${MODEL}/ready$`)],
	["config", ["GET"], new RegExp(`^${MODEL}/config$`)],
	["stats", ["GET"], new RegExp(`^${MODEL}/stats$`)],
	[
		"modelTrace",
		["GET", "POST"],
		/^\/v2\/models\/(?<model>[^/]+)\/trace\/setting$/,
	],
	["model", ["GET"], new RegExp(`^${MODEL}$`)],
	["index", ["POST"], /^\/v2\/repository(?:\/(?<region>[^/]+))?\/index$/],
	[
		"load",
		["POST"],
		/^\/v2\/repository(?:\/(?<region>[^/]+))?\/models\/(?<model>[^/]+)\/load$/,
	],
	[
		"unload",
		["POST"],
		/^\/v2\/repository(?:\/(?<region>[^/]+))?\/models\/(?<model>[^/]+)\/unload$/,
	],
	["swaps", ["GET"], /^\/saccade\/v1\/models\/(?<model>[^/]+)\/swaps$/],
	["console", ["GET"], /^\/(?:assets\/[\w.-]+|icon\.svg)?$/],
	["telemetry", ["POST"], /^\/saccade\/v1\/telemetry$/],
	["recordings", ["GET", "POST"], /^\/saccade\/v1\/recordings$/],
	["recordingStop", ["POST"], /^\/saccade\/v1\/recordings\/stop$/],
	["pipelines", ["GET"], /^\/saccade\/v1\/pipelines$/],
	["explain", ["GET"], /^\/saccade\/v1\/explain\/(?<region>[^/]+)$/],
	["traces", ["GET"], /^\/saccade\/v1\/traces$/],
	["trace", ["GET", "POST"], /^\/v2\/trace\/setting$/],
	["logging", ["GET", "POST"], /^\/v2\/logging$/],
	[
		"shmStatus",
		["GET"],
		/^\/v2\/(?:system|cuda)sharedmemory(?:\/region\/(?<region>[^/]+))?\/status$/,
	],
	[
		"shmRegister",
		["POST"],
		/^\/v2\/(?:system|cuda)sharedmemory\/region\/(?<region>[^/]+)\/register$/,
	],
	[
		"shmUnregister",
		["POST"],
		/^\/v2\/(?:system|cuda)sharedmemory(?:\/region\/(?<region>[^/]+))?\/unregister$/,
	],
];

/** Paths seen lately: clients ask for few, and short ones. */
const CACHE_SIZE = 1024;
const MAX_CACHED_LENGTH = 256;

export class Router {
	readonly #cache = new Map<string, Route | null>();

	/** Null when nothing matches. Throws INVALID_ARGUMENT for a name that is not valid percent-encoding. */
	match(url: string): Route | null {
		const known = this.#cache.get(url);
		if (known !== undefined) return known;
		const route = match(url);
		if (url.length > MAX_CACHED_LENGTH) return route;
		if (this.#cache.size >= CACHE_SIZE) this.#cache.clear();
		this.#cache.set(url, route);
		return route;
	}
}

function match(url: string): Route | null {
	const query = url.indexOf("?");
	const path = query < 0 ? url : url.slice(0, query);
	for (const [name, methods, pattern] of TABLE) {
		const groups =
			pattern.exec(path)?.groups ?? (pattern.test(path) ? {} : null);
		if (groups === null) continue;
		return {
			name,
			methods,
			model: decode(groups["model"]),
			version: groups["version"] ?? "",
			region: decode(groups["region"]),
		};
	}
	return null;
}

function decode(text: string | undefined): string {
	if (text === undefined) return "";
	try {
		return decodeURIComponent(text);
	} catch {
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`'${text.slice(0, 100)}' in the path is not valid percent-encoding`,
		);
	}
}
