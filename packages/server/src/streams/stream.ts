// What a transport hands to a stream and hears from it, in nobody's wire format. Everything is synchronous and costs no
// promise: a reading is taken, and its outcome is told once, perhaps before `reading` returns.
import type { FrameReason, Outcome } from "@saccade/protocol";
import type { FramePayload } from "../pipelines/frame.ts";
import type { PipelineFacts } from "../pipelines/graph/pipeline-facts.ts";
import type {
	Decision,
	FrameResult,
	StreamOpening,
} from "../pipelines/pipeline.ts";
import type { QosProfile } from "../pipelines/qos-profile.ts";
import type { TraceContext } from "../telemetry/tracing/trace-context.ts";
import type { Lease } from "../tensor/tensor.ts";
import type { QosOffer } from "./qos.ts";

/** Of the timestamps of a stream: a clock whose offset is to be estimated, or this machine's CLOCK_MONOTONIC. */
export type ClockDomain = "device" | "host-monotonic";

export interface StreamRequest {
	readonly pipeline: string;
	readonly qos: QosOffer;
	readonly sensors: StreamOpening["sensors"];
	readonly transforms: StreamOpening["transforms"];
	/** What the client does when it hears nothing; kept for lists. */
	readonly safeCommand: Decision | null;
	readonly clockDomain: ClockDomain;
	/** For people. */
	readonly name: string;
	readonly peer: string;
	/** Devices of a stream that names none. @default that of the stream set */
	readonly maxDeviceCount?: number;
	/** The client's place in a trace when it opened the stream: the traces of its frames link to it. @default null */
	readonly trace?: TraceContext | null;
}

/** A measurement as it came. */
export interface Reading {
	readonly timestampNs: bigint;
	readonly deviceId: string;
	readonly value: number;
	/** 0: not counted. */
	readonly sequence: number;
	/** Empty: that of the sensor's description. */
	readonly frameId: string;
	/** Time from the timestamp to the decision; 0: the profile's. */
	readonly budgetUs: number;
	readonly interrupt: boolean;
	/** Null: a plain reading. */
	readonly payload: FramePayload | null;
	/** On the server's clock. */
	readonly receivedUs: number;
	/** Whatever the transport needs to know it again; comes back with the outcome. */
	readonly tag?: unknown;
	/** The client's place in a trace: the frame is a part of it. @default null */
	readonly trace?: TraceContext | null;
	/** Keeps the payload's bytes alive. The stream releases it once, when nothing reads them any more. */
	readonly lease: Lease | null;
}

/** What became of a reading. Valid only during the call that tells it. */
export interface FrameOutcome {
	readonly timestampNs: bigint;
	readonly deviceId: string;
	readonly sequence: number;
	/** Coordinate frame. */
	readonly frameId: string;
	readonly tag: unknown;
	readonly outcome: Outcome;
	/** Null with RESULT. */
	readonly reason: FrameReason | null;
	/** What happened, with the numbers. */
	readonly detail: string;
	readonly result: FrameResult | null;
	/** As it was measured; null: a plain reading. */
	readonly payload: FramePayload | null;
	/** On the server's clock; `startedUs` is NaN where the frame never started, `deadlineUs` Infinity where it had none. */
	readonly measuredUs: number;
	readonly receivedUs: number;
	readonly startedUs: number;
	readonly finishedUs: number;
	readonly deadlineUs: number;
	/** What was joined with it. */
	readonly inputs: readonly InputAge[];
	/** By which it can be explained; null or absent: it was not recorded. */
	readonly traceId?: string | null;
}

export interface InputAge {
	readonly deviceId: string;
	readonly timestampNs: bigint;
	readonly measuredUs: number;
}

/** How many frames the client may send beyond those that were received when it was said. */
export interface Credit {
	readonly count: number;
	readonly received: number;
	/** 0: as the client likes. */
	readonly suggestedRateHz: number;
	/** By how much the last late frame missed its deadline; 0: none was late lately. */
	readonly latenessUs: number;
}

export type SensorEventKind =
	| "missed-period"
	| "liveliness-lost"
	| "liveliness-gained"
	| "too-fast"
	| "lost-frames"
	| "clock-stepped";

export interface SensorEvent {
	readonly kind: SensorEventKind;
	readonly deviceId: string;
	/** Periods missed, frames lost. */
	readonly count: number;
	readonly detail: string;
}

/** `received = Σ outcomes + inFlight`, at every instant. */
export interface StreamTotals {
	readonly received: number;
	readonly inFlight: number;
	readonly outcomes: Readonly<Record<Outcome, number>>;
}

/** Who is told. Implemented by a transport, which keeps nothing of what it is shown. */
export interface StreamListener {
	outcome(outcome: FrameOutcome): void;
	event(event: SensorEvent): void;
	policyChanged(qos: QosProfile, reason: string): void;
	/** The last word: every frame has its outcome. */
	ended(totals: StreamTotals): void;
}

/** The four instants of NTP (RFC 5905, 8) of one exchange, on the clocks of their sides. */
export interface ClockExchange {
	readonly clientSendNs: bigint;
	readonly serverReceiveUs: number;
	readonly serverSendUs: number;
	readonly clientReceiveNs: bigint;
}

export interface SensorStream {
	readonly id: string;
	readonly request: StreamRequest;
	readonly qos: QosProfile;
	readonly pipelineName: string;
	/** For a recording. @default the pipeline is the same everywhere */
	readonly pipelineFacts?: PipelineFacts | null;
	/** Its outcome is told through the listener. */
	reading(reading: Reading): void;
	/** The device is alive, without a measurement. "" for all of the stream. */
	heartbeat(deviceId: string): void;
	clockExchange(deviceId: string, exchange: ClockExchange): void;
	/** What waits is judged anew, what runs is stopped. Throws INVALID_ARGUMENT or UNSUPPORTED: then nothing changed. */
	reconfigure(offer: QosOffer, reason: string): void;
	/** No more readings; `ended` follows when all that were taken have an outcome. */
	close(): void;
	/** The client is gone: everything ends as CANCELLED, and `ended` is not told. */
	cancel(): void;
	totals(): StreamTotals;
	/** As it is now: a transport tells it with what it sends anyway. */
	credit(): Credit;
	readonly waitingCount: number;
	readonly runningCount: number;
}
