// What the bench of peers knows of a server: how it is set up, how it is asked, which settings it has, how it starts.
import type { HttpRoute } from "../load/http-route.ts";
import type { WorkloadModel } from "../load/workload.ts";

/** Each peer translates these to its own words; what it has no word for, it leaves out. */
export interface PeerSettings {
	/** Processes or instances that run the model side by side. */
	readonly workers: number;
	/** Of one run of the model; 0: ONNX Runtime's own choice, one per core. */
	readonly threads: number;
	/** 1: no batching. */
	readonly maxBatch: number;
	/** How long a batch waits to fill. */
	readonly delayMs: number;
	/**
	 * Requests in each of its processes at most, the rest is refused; 0: the peer's own limit, which most do not have.
	 * Not divided among processes: while one is busy the other may be given every connection of a closed loop.
	 */
	readonly queueLimit: number;
}

export interface SettingsChoice {
	/** What it does where nobody chose. */
	readonly defaults: PeerSettings;
	/** Sensible ones for this model and machine: the best of them is measured as `tuned`. */
	readonly candidates: readonly PeerSettings[];
}

export interface ModelLimits {
	/** The model's own; below 2 it takes no batches. */
	readonly maxBatch: number;
	readonly cores: number;
}

export interface ServedModel {
	readonly model: WorkloadModel;
	readonly file: string;
	readonly maxBatch: number;
}

export type PeerWire =
	/** The Open Inference Protocol, raw tensors. */
	| { readonly kind: "grpc" }
	| { readonly kind: "http"; readonly route: HttpRoute };

export type SetUp =
	| { readonly kind: "ready"; readonly version: string }
	| { readonly kind: "missing"; readonly reason: string };

export interface PeerServer {
	readonly port: number;
	/** From spawn to the first 200 of its readiness route. */
	readonly readyMs: number;
	/** Of all its processes, the first one first. */
	pids(): readonly number[];
	stop(): Promise<void>;
}

export interface StartOptions {
	readonly served: ServedModel;
	readonly settings: PeerSettings;
	/** False: the defaults, also of what the settings do not name. */
	readonly tuned: boolean;
}

export interface Peer {
	readonly name: string;
	readonly wire: PeerWire;
	/** Its processes end one that was stopped for minutes: it goes on running between its turns. @default false */
	readonly staysAwake?: boolean;
	/** Installs what it needs, once; minutes the first time. */
	setUp(): SetUp;
	choose(limits: ModelLimits): SettingsChoice;
	start(options: StartOptions): Promise<PeerServer>;
}
