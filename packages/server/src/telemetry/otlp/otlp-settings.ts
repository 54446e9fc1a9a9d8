// Where telemetry is sent: plain data, resolved once from flags and the environment.

export const SIGNALS = ["traces", "metrics", "logs"] as const;
export type Signal = (typeof SIGNALS)[number];

export type OtlpProtocol = "http/protobuf" | "grpc";

export interface OtlpTarget {
	readonly protocol: OtlpProtocol;
	/** Of HTTP with its path; of gRPC `http://host:port`, or `https:`. */
	readonly url: string;
}

export interface OtlpSettings {
	/** Null: not sent. */
	readonly targets: Readonly<Record<Signal, OtlpTarget | null>>;
	/** `service.name` among them: what Prometheus makes the label `job` of. */
	readonly resource: Readonly<Record<string, string>>;
	/** Time from one push of metrics to the next. */
	readonly metricsEveryMs: number;
	/** For one attempt and its repetitions. */
	readonly timeoutMs: number;
}
