// Options that Triton has and this version lacks.

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
