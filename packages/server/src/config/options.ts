// Every option of the server, once: its flag, unit, default, why that default, and what it means. Flags, the
// environment, the file and `docs/config.md` all come from this table.
import {
	boolean,
	filledText,
	oneOf,
	type ReadBy,
	type Reader,
	share,
	text,
	texts,
	wholeNumber,
} from "../common/readers.ts";
import { headerPatternProblem } from "../endpoint/header-forward.ts";
import type { PipelineDefinition } from "../pipelines/graph/definition.ts";
import type {
	OtlpProtocol,
	OtlpSettings,
} from "../telemetry/otlp/otlp-settings.ts";
import type { DeviceSpec } from "./devices.ts";
import { memoryBudget } from "./memory-budget.ts";

const MIB = 1024 * 1024;

const count = wholeNumber();
const positive = wholeNumber({ min: 1 });
const port = wholeNumber({ max: 65_535 });
const list = texts((value) => [value]);
const names = texts((value) => value.split(","));

/** A full match of a header's name, in any case. */
const headerPattern: Reader<string> = (value) => {
	const read = text(value);
	const problem = read.ok ? headerPatternProblem(read.value) : null;
	return problem === null ? read : { ok: false, problem };
};

/** Part of a file's name, and no path. */
const configName: Reader<string> = (value) => {
	const read = text(value);
	if (!read.ok || /^[\w-][\w.-]{0,99}$|^$/.test(read.value)) return read;
	return {
		ok: false,
		problem: "letters, digits, '.', '_' and '-' are needed, at most 100",
	};
};

interface Option<T> {
	/** Without the dashes. Triton's name where it has one. */
	readonly flag: string;
	readonly read: Reader<T>;
	readonly default: T;
	readonly unit: string;
	readonly meaning: string;
	readonly reason: string;
	/** Default under `--strict-triton`, where it differs. */
	readonly strictDefault?: T;
}

function option<T>(spec: Option<T>): Option<T> {
	return spec;
}

export const OPTIONS = {
	modelRepositories: option({
		flag: "model-repository",
		read: list,
		default: [],
		unit: "directory, repeatable",
		meaning: "Model repositories in Triton's layout.",
		reason: "No default: a server without models is a mistake.",
	}),
	pipelineDirectories: option({
		flag: "pipelines",
		read: list,
		default: [],
		unit: "directory, repeatable",
		meaning:
			"Directories whose `*.yaml` files have `pipelines:` and `steps:`, beside those of the configuration file (docs/pipelines.md).",
		reason: "No default: models can be served without pipelines.",
	}),
	modelControlMode: option({
		flag: "model-control-mode",
		read: oneOf("none", "poll", "explicit", "watch"),
		default: "none",
		unit: "none | poll | explicit | watch",
		meaning:
			"none: everything is loaded at start. explicit: only --load-model, and the API loads and unloads. watch: everything, and whatever changes on disk, as soon as it is still (docs/hot-swap.md). poll: the same, by looking every --repository-poll-secs.",
		reason: "Triton's default.",
	}),
	repositoryPollS: option({
		flag: "repository-poll-secs",
		read: count,
		default: 15,
		unit: "s; 0: never",
		meaning:
			"Between two looks at the model repositories, in control modes poll and watch.",
		reason:
			"Triton's default. In mode watch it is for file systems that tell of no changes, such as NFS.",
	}),
	repositorySettleMs: option({
		flag: "repository-settle-ms",
		read: count,
		default: 500,
		unit: "ms",
		meaning:
			"Time without a change in a model's files before they are read, in control modes poll and watch.",
		reason:
			"Longer than copying tools pause between two writes. Raise it for slow network mounts, or rename finished files into place.",
	}),
	modelLoadCount: option({
		flag: "model-load-thread-count",
		read: positive,
		default: 1,
		strictDefault: 4,
		unit: "models",
		meaning: "Models that load at once.",
		reason:
			"A load takes memory and cores that serving models need. Triton has 4.",
	}),
	loadModels: option({
		flag: "load-model",
		read: list,
		default: [],
		unit: "name, repeatable; * = all",
		meaning: "Models to load at start in control mode explicit.",
		reason: "Triton's default.",
	}),
	loadOnDemand: option({
		flag: "load-on-demand",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning:
			"Models load at the first request for them in place of at start; until then they answer 503 with Retry-After. What --load-model names loads at start.",
		reason: "Off: a model that is served should be ready.",
	}),
	modelMemoryBudget: option({
		flag: "model-memory-budget",
		read: memoryBudget,
		default: [],
		unit: "bytes, or device=bytes; repeatable, or with commas; 0: unlimited",
		meaning:
			"Memory of loaded models on each device, or on the one that is named, e.g. `8000000000,cpu=2000000000`. With --load-on-demand models that nobody uses make room, the one that was used longest ago first; else what does not fit is not loaded (docs/model-repository.md).",
		reason: "Unlimited: only an operator knows what else needs the memory.",
	}),
	modelConfigName: option({
		flag: "model-config-name",
		read: configName,
		default: "",
		unit: "name",
		meaning:
			"Models that have `configs/NAME.pbtxt` are configured by it in place of `config.pbtxt`.",
		reason:
			"Triton's. One repository for machines that differ, e.g. with and without a GPU.",
	}),
	modelNamespacing: option({
		flag: "model-namespacing",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning:
			"Models are called `<repository>::<model>`, after the last part of the repository's path, so that several repositories may have models of one name. The short name works while it is that of one model.",
		reason:
			"Triton's, where only ensembles can name what is ambiguous; here every client can.",
	}),
	exitOnError: option({
		flag: "exit-on-error",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning: "End the process when a model cannot be loaded at start.",
		reason:
			"Triton's default: a half-served repository should be seen at once.",
	}),
	strictReadiness: option({
		flag: "strict-readiness",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning: "Ready only while every model that should serve does.",
		reason: "Triton's default.",
	}),
	disableAutoComplete: option({
		flag: "disable-auto-complete-config",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning: "Do not complete configurations from the model file.",
		reason: "Completion makes config.pbtxt optional.",
	}),
	defaultMaxBatchSize: option({
		flag: "default-max-batch-size",
		read: count,
		default: 4,
		unit: "rows",
		meaning:
			"Largest batch of models without configuration whose first dimension is dynamic.",
		reason: "Triton's default for ONNX models.",
	}),
	serverName: option({
		flag: "id",
		read: filledText,
		default: "saccade",
		strictDefault: "triton",
		unit: "text",
		meaning: "Server name in the metadata.",
		reason:
			"Some Triton clients assert 'triton': set it, or use --strict-triton.",
	}),
	strictTriton: option({
		flag: "strict-triton",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning:
			"Triton's exact oddities: its name, 500 for malformed JSON, all addresses, its scheduling.",
		reason: "Off: the mended behaviour is better for users.",
	}),
	schedulingPolicy: option<"deadline" | "triton">({
		flag: "scheduling-policy",
		read: oneOf("deadline", "triton"),
		default: "deadline",
		strictDefault: "triton",
		unit: "deadline | triton",
		meaning:
			"`deadline`: earliest deadline first, batches that close in time, early refusal of what cannot finish. `triton`: first come, first served, as Triton does.",
		reason:
			"Requests without a deadline are served alike by both; those with one are kept, or refused while it is still of use to know.",
	}),
	laneNice: option({
		flag: "lane-nice",
		read: wholeNumber({ max: 19 }),
		default: 5,
		unit: "nice value, 0 to 19",
		meaning:
			"Priority of the threads that run models, on Linux: higher values yield to the event loop and to other processes. Above 0 they also wait for a tick of the scheduler instead of interrupting others when they wake (SCHED_BATCH). 0: like everything else.",
		reason:
			"With every core busy the loop must not wait for time slices of models; 5 is enough for that, and still a quarter of a core beside one busy thread of priority 0.",
	}),
	exitTimeoutS: option({
		flag: "exit-timeout-secs",
		read: count,
		default: 30,
		unit: "s",
		meaning: "Time for requests under way after SIGTERM.",
		reason: "Triton's default.",
	}),
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
	allowMetrics: option({
		flag: "allow-metrics",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning: "Serve Prometheus metrics.",
		reason: "Triton's default.",
	}),
	metricsAddress: option({
		flag: "metrics-address",
		read: filledText,
		default: "127.0.0.1",
		strictDefault: "0.0.0.0",
		unit: "address",
		meaning: "Where metrics are served.",
		reason: "Loopback, as for HTTP.",
	}),
	metricsPort: option({
		flag: "metrics-port",
		read: port,
		default: 8002,
		unit: "port; 0: any free",
		meaning: "Metrics port.",
		reason: "Triton's default.",
	}),
	foxglove: option({
		flag: "foxglove",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning:
			"Serve Foxglove viewers: pictures, clouds, tracks, decisions and diagnostics of sensor streams, live (docs/observability.md). Not with --fronts.",
		reason: "Off: who may look at what sensors see is a decision.",
	}),
	foxgloveAddress: option({
		flag: "foxglove-address",
		read: filledText,
		default: "127.0.0.1",
		unit: "address",
		meaning: "Where viewers connect to.",
		reason: "Loopback, as for HTTP.",
	}),
	foxglovePort: option({
		flag: "foxglove-port",
		read: port,
		default: 8765,
		unit: "port; 0: any free",
		meaning: "Port of Foxglove viewers.",
		reason: "Where Foxglove looks for one.",
	}),
	traceStore: option({
		flag: "trace-store",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning:
			"Keep the slowest and the missed requests and frames, and those that were traced, in memory for `saccade explain` (docs/observability.md).",
		reason:
			"What went wrong can be asked for afterwards; a few comparisons a request, and at most 200 records a second are made of those that nobody asked for.",
	}),
	traceSampleRatio: option({
		flag: "trace-sample-ratio",
		read: share,
		default: 0.01,
		unit: "0 to 1",
		meaning:
			"Share of the requests and frames that are traced when the caller does not say: a `traceparent` with the sampled flag always is, one without it never; a missed deadline is in any case. Unless it is given, 0 where no traces are sent.",
		reason:
			"Enough to see how time is spent; 1 traces everything. What it costs is in docs/decisions/0017-exporting-telemetry.md.",
	}),
	otlpEndpoint: option({
		flag: "otlp-endpoint",
		read: text,
		default: "",
		unit: "URL",
		meaning:
			"Collector that traces, metrics and logs are sent to over OTLP, as `http://127.0.0.1:4318`. Empty: as OpenTelemetry's own variables say (`OTEL_EXPORTER_OTLP_ENDPOINT`, …; docs/observability.md), else nothing is sent.",
		reason: "Telemetry leaves the machine only where it was told to.",
	}),
	otlpProtocol: option<OtlpProtocol>({
		flag: "otlp-protocol",
		read: oneOf("http/protobuf", "grpc"),
		default: "http/protobuf",
		unit: "http/protobuf | grpc",
		meaning:
			"How it is sent, where `OTEL_EXPORTER_OTLP_PROTOCOL` does not say otherwise.",
		reason: "OpenTelemetry's default.",
	}),
	traceConfig: option({
		flag: "trace-config",
		read: list,
		default: [],
		unit: "[mode,]setting=value, repeatable",
		meaning:
			"Triton's form: `rate=N` traces one of N, `level=OFF` none but those whose caller asks; `mode=opentelemetry`, `opentelemetry,url=…` and `opentelemetry,resource=key=value` say where traces go.",
		reason: "Triton's option; the others above say the same.",
	}),
	bodyBudgetBytes: option({
		flag: "body-budget",
		read: count,
		default: 1024 * MIB,
		unit: "bytes",
		meaning: "Memory for the bodies of all requests under way.",
		reason:
			"Bounded, so that overload cannot take the machine; raise it for many large frames in flight.",
	}),
	stateDir: option({
		flag: "state-dir",
		read: text,
		default: "",
		unit: "directory",
		meaning:
			"What outlives the server: recordings, prepared models and the audit log. Empty: `saccade` in the user's state folder (`$XDG_STATE_HOME`, else `~/.local/state`).",
		reason: "Where the XDG specification has such files.",
	}),
	preparedModels: option<"on" | "read-only" | "off">({
		flag: "prepared-models",
		read: oneOf("on", "read-only", "off"),
		default: "on",
		unit: "on | read-only | off",
		meaning:
			"Load large models from a cache of optimised copies whose weights processes share, and make the copy on first sight. read-only: use what is there; off: load models as they are (docs/prepared-models.md).",
		reason:
			"A load from the cache takes a fraction of the time and of the memory.",
	}),
	preparedDir: option({
		flag: "prepared-dir",
		read: text,
		default: "",
		unit: "directory",
		meaning:
			"That cache. Servers of one machine may share it. Empty: `prepared` in the state directory.",
		reason: "Beside what else outlives the server.",
	}),
	preparedMaxBytes: option({
		flag: "prepared-max-size",
		read: positive,
		default: 8 * 1024 * MIB,
		unit: "bytes",
		meaning:
			"Size of that cache: copies that were used longest ago and are not open go first.",
		reason: "Some tens of models of a vehicle; a cache must not fill the disk.",
	}),
	record: option({
		flag: "record",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning:
			"Record streams and scheduling from the start on, to `recordings/` of the state directory (docs/recording.md).",
		reason: "A recording costs disk: `saccade record` begins one at any time.",
	}),
	recordMaxBytes: option({
		flag: "record-max-size",
		read: positive,
		default: 8 * 1024 * MIB,
		unit: "bytes",
		meaning: "Size at which a recording ends by itself.",
		reason:
			"A forgotten recording must not fill the disk; an hour of a LiDAR and a compressed camera fits.",
	}),
	audit: option({
		flag: "audit",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning:
			"Keep what becomes of models in `audit.db` of the state directory, each event chained to the one before (docs/audit.md).",
		reason:
			"Who loaded what, and when, is asked after the fact; it is written by a thread of its own, and a request never waits for it.",
	}),
	auditKey: option({
		flag: "audit-key",
		read: text,
		default: "",
		unit: "file",
		meaning:
			"Private ed25519 key, PEM, that signs the end of the audit log after each event. Empty: not signed.",
		reason:
			"None: without one, whoever may write the file can write another history; with one, whoever has the public half can tell.",
	}),
	auditMaxEvents: option({
		flag: "audit-max-events",
		read: wholeNumber({ min: 16 }),
		default: 20_000,
		unit: "events",
		meaning:
			"The audit log drops its oldest eighth beyond this, and says so in an event.",
		reason: "Some 10 MB, and 27 a day for two years.",
	}),
	modelIntegrity: option<"off" | "digest" | "signature">({
		flag: "model-integrity",
		read: oneOf("off", "digest", "signature"),
		default: "off",
		unit: "off | digest | signature",
		meaning:
			"What a version needs to serve: `digest`, a `manifest.json` with the SHA-256 of its files (`saccade models sign`); `signature`, one that a key of --model-integrity-key has signed (docs/audit.md).",
		reason:
			"Off: repositories of other servers have no manifests. Checking copies each file once, to --state-dir, and loads the copy.",
	}),
	modelIntegrityKeys: option({
		flag: "model-integrity-key",
		read: list,
		default: [],
		unit: "file, repeatable",
		meaning:
			"Public keys, PEM, whose signatures count with --model-integrity=signature: ed25519, or ECDSA on P-256 for Sigstore bundles.",
		reason: "No default: trust is a decision.",
	}),
	adminTokenFile: option({
		flag: "admin-token-file",
		read: text,
		default: "",
		unit: "file",
		meaning:
			"Holds the bearer token that load, unload, settings and recordings then require.",
		reason: "Off: on loopback the operator is trusted.",
	}),
	allowedHosts: option({
		flag: "allowed-hosts",
		read: names,
		default: [],
		unit: "names, comma-separated; * = any",
		meaning:
			"Host names that HTTP answers to, besides loopback names and the bound address.",
		reason:
			"A page in a browser must not reach the server under a name of its own (DNS rebinding).",
	}),
	allowedOrigins: option({
		flag: "allowed-origins",
		read: names,
		default: [],
		unit: "origins, comma-separated",
		meaning: "Origins of pages that may change state.",
		reason: "None: only the server's own page.",
	}),
	onnxLibrary: option({
		flag: "onnxruntime-library",
		read: text,
		default: "",
		unit: "file",
		meaning:
			"ONNX Runtime library to use: builds with CUDA, TensorRT or OpenVINO.",
		reason: "The bundled one has the CPU provider.",
	}),
	logVerbose: option({
		flag: "log-verbose",
		read: count,
		default: 0,
		unit: "level",
		meaning: "0: off; 1 and more: also what each request did.",
		reason: "Triton's default.",
	}),
	logInfo: option({
		flag: "log-info",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning: "Log information.",
		reason: "Triton's default.",
	}),
} as const;

export type OptionName = keyof typeof OPTIONS;

/** The server's options, complete and frozen. */
export type ServerOptions = {
	readonly [Name in OptionName]: ReadBy<(typeof OPTIONS)[Name]["read"]>;
} & {
	/** `devices:` of the file. */
	readonly devices: readonly DeviceSpec[];
	/** `pipelines:` of the file and of `--pipelines`. */
	readonly pipelines: readonly PipelineDefinition[];
	/** `steps:`, absolute. */
	readonly stepFiles: readonly string[];
	/** Where telemetry is sent; null: nowhere. */
	readonly otlp: OtlpSettings | null;
	/** The variables that say which GPUs may be used, as they are. */
	readonly gpuVariables: {
		readonly nvidia: string | undefined;
		readonly cuda: string | undefined;
	};
};

/** Triton options that are known and have no effect yet: each warns by name and the server starts. */
export const IGNORED_FLAGS: ReadonlySet<string> = new Set([
	"model-load-retry-count",
	"reuse-http-port",
	"http-thread-count",
	"reuse-grpc-port",
	"grpc-infer-thread-count",
	"grpc-infer-allocation-pool-size",
	"grpc-infer-response-compression-level",
	"grpc-keepalive-permit-without-calls",
	"grpc-http2-max-pings-without-data",
	"grpc-http2-min-recv-ping-interval-without-data",
	"grpc-http2-max-ping-strikes",
	"allow-gpu-metrics",
	"allow-cpu-metrics",
	"metrics-interval-ms",
	"metrics-config",
	"cache-config",
	"rate-limit",
	"rate-limit-resource",
	"backend-config",
	"host-policy",
	"allow-client-shm",
	"allow-sagemaker",
	"allow-vertex-ai",
	"log-warning",
	"log-error",
	"log-format",
	"log-file",
]);

/** Options that promise security: starting without enforcing them would be a lie. */
export const REFUSED_FLAGS: ReadonlySet<string> = new Set([
	"grpc-use-ssl",
	"grpc-use-ssl-mutual",
	"grpc-server-cert",
	"grpc-server-key",
	"grpc-root-cert",
	"http-restricted-api",
	"grpc-restricted-protocol",
]);
