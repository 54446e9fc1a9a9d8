// What a server and its console say to each other over one WebSocket, `/saccade/v1/console`.
//
//   console ─▶ {"topics":["streams","media/s1/camera"]}     all that it wants from now on
//   server  ─▶ a picture or a cloud (binary), …             what is newest of each medium
//           ─▶ {"tick":7,"nowMs":…,"topics":{…}}            what changed; everything of a topic the first time
//   console ─▶ {"seen":7}                                   it was drawn; two ticks may be under way
//
// A console that does not say what it has seen hears nothing more until it does, and then all that is newest.
import type { FrameReason } from "./frame-reasons.ts";
import type { Outcome } from "./outcomes.ts";

export const CONSOLE_PATH = "/saccade/v1/console";

/** Ticks that a console may be told before it says that it has seen them. */
export const CONSOLE_TICKS_AHEAD = 2;

/** Entries by key: the newest of each counts. */
export interface KeyedTopics {
	readonly server: ServerEntry;
	readonly drive: DriveEntry;
	readonly streams: StreamEntry;
	readonly sensors: SensorEntry;
	readonly pipelines: PipelineEntry;
	/** Keys are `<second>/<pipeline>`. */
	readonly frames: FrameBin;
	readonly models: ModelEntry;
	/** Loads and unloads, by their number. */
	readonly swaps: SwapEntry;
	/** Keys are `<order>/<trace id>`. */
	readonly requests: RequestEntry;
	readonly devices: DeviceEntry;
	readonly options: OptionEntry;
}

/** What happened, in order: the newest are kept. */
export interface TailTopics {
	readonly lanes: LaneSpan;
	readonly decisions: DecisionEntry;
	readonly logs: LogEntry;
}

export type KeyedTopic = keyof KeyedTopics;
export type TailTopic = keyof TailTopics;
export type ConsoleTopic = KeyedTopic | TailTopic;

/** Numbers of a tail count from 0 on and are never used again. */
export type TopicChange =
	| {
			readonly kind: "all";
			readonly entries: Readonly<Record<string, unknown>>;
	  }
	| {
			readonly kind: "some";
			readonly set: Readonly<Record<string, unknown>>;
			readonly gone: readonly string[];
	  }
	| {
			readonly kind: "tail";
			/** Number of the first. */
			readonly from: number;
			readonly items: readonly unknown[];
			/** How many a console keeps. */
			readonly keep: number;
	  };

export interface ConsoleTick {
	readonly tick: number;
	/** On the server's monotonic clock, as all instants here. */
	readonly nowMs: number;
	readonly topics: Readonly<Record<string, TopicChange>>;
}

export type FromConsole =
	| { readonly topics: readonly string[] }
	| { readonly seen: number };

/** Keys: `about`, `process`, `console`; each is of its kind. */
export type ServerEntry =
	| {
			readonly kind: "about";
			readonly name: string;
			readonly version: string;
			readonly node: string;
			readonly runtime: string;
			readonly startedMs: number;
			/** Wall-clock ms since the epoch at 0 of the server's clock. */
			readonly wallOffsetMs: number;
			/** Whether changes need a token, and whether there is one: without, a console only looks. */
			readonly hasAdminToken: boolean;
			/** Whether models can be loaded and unloaded. */
			readonly canLoad: boolean;
	  }
	| {
			readonly kind: "process";
			/** Share of all cores, 0 to 1. */
			readonly cpu: number;
			readonly cpuCount: number;
			readonly residentBytes: number;
			readonly heapBytes: number;
			readonly machineMemoryBytes: number;
			readonly machineMemoryUsedBytes: number;
			/** Since the last tick; beyond the resolution of timers. */
			readonly loopDelayP50Ms: number;
			readonly loopDelayP99Ms: number;
			readonly loopDelayMaxMs: number;
			readonly connections: number;
			/** Of request bodies. */
			readonly bodyBytes: number;
			readonly bodyBudgetBytes: number;
	  }
	| {
			readonly kind: "console";
			readonly clients: number;
			/** Ticks that were not told, because a console was not through with the ones before. */
			readonly droppedTicks: number;
	  }
	| {
			readonly kind: "recording";
			readonly state: "opening" | "recording" | "ending" | "ended";
			readonly file: string;
			readonly fileBytes: number;
			readonly messageCount: number;
			readonly droppedCount: number;
			readonly seconds: number;
			readonly problem: string | null;
	  }
	| {
			readonly kind: "logging";
			readonly verboseLevel: number;
			readonly info: boolean;
	  };

export interface DecisionTarget {
	readonly name: string;
	readonly value: number;
}

export interface StageTime {
	readonly name: string;
	readonly beginUs: number;
	readonly endUs: number;
}

/** x, y, speed along x and y, length, width, yaw: metres and radians, in the vehicle's frame. */
export interface TrackEntry {
	readonly id: number;
	readonly classId: number;
	readonly state: readonly [
		xM: number,
		yM: number,
		velocityXMps: number,
		velocityYMps: number,
		lengthM: number,
		widthM: number,
		yawRad: number,
	];
}

/** x1, y1, x2, y2 in pixels, score, class. */
export type BoxEntry = readonly [
	x1: number,
	y1: number,
	x2: number,
	y2: number,
	score: number,
	classId: number,
];

/**
 * The newest frame of a device on a stream that had a result, and how the one after it ended: outcome, reason, detail and
 * sequence are of the newest of all. Keys are `<stream>/<device>`.
 */
export interface DriveEntry {
	readonly stream: string;
	readonly device: string;
	readonly pipeline: string;
	readonly payload: "image" | "cloud" | "imu" | "tensors" | "value";
	readonly outcome: Outcome;
	readonly reason: FrameReason | null;
	readonly detail: string;
	readonly sequence: number;
	/** µs on the server's clock; null: it never started, or has no deadline. */
	readonly measuredUs: number;
	readonly receivedUs: number;
	readonly startedUs: number | null;
	readonly finishedUs: number;
	readonly deadlineUs: number | null;
	readonly stages: readonly StageTime[];
	readonly decision: {
		readonly action: string;
		readonly reasons: readonly string[];
		readonly targets: readonly DecisionTarget[];
		readonly validUntilUs: number;
	} | null;
	/** Of a cloud, when its pipeline tells them. */
	readonly tracks: readonly TrackEntry[] | null;
	/** Of the numbers that its boxes and tracks have; empty: they have no names. */
	readonly classNames: readonly string[];
	/** Frames a second, lately. */
	readonly rateHz: number;
}

/** A decision that differs from the one before it on its stream. */
export interface DecisionEntry {
	readonly stream: string;
	readonly device: string;
	readonly pipeline: string;
	readonly atMs: number;
	readonly action: string;
	readonly reasons: readonly string[];
}

export interface StreamEntry {
	readonly id: string;
	readonly name: string;
	readonly pipeline: string;
	readonly peer: string;
	readonly clockDomain: string;
	readonly dropPolicy: string;
	readonly depth: number;
	readonly reliability: string;
	readonly latencyBudgetMs: number | null;
	readonly maxInFlight: number;
	readonly waiting: number;
	readonly running: number;
	readonly received: number;
	readonly inFlight: number;
	readonly outcomes: Readonly<Record<Outcome, number>>;
	/** 0: as the client likes. */
	readonly suggestedRateHz: number;
	readonly credit: number;
	readonly safeAction: string | null;
}

export interface SensorEntry {
	readonly deviceId: string;
	readonly periodMs: number | null;
	readonly observedPeriodMs: number | null;
	readonly isAlive: boolean;
	/** On the server's clock. */
	readonly lastSeenMs: number | null;
	readonly received: number;
	readonly missedPeriods: number;
	readonly isRegistered: boolean;
	readonly clock: {
		readonly offsetUs: number;
		readonly driftPpm: number;
		readonly uncertaintyUs: number | null;
		readonly stepCount: number;
	} | null;
}

export interface PipelineEntry {
	readonly name: string;
	readonly outcomes: Readonly<Record<Outcome, number>>;
	/** Frames that ended otherwise than with a result, by why. */
	readonly reasons: Readonly<Partial<Record<FrameReason, number>>>;
}

export interface Spread {
	readonly p1: number;
	readonly p50: number;
	readonly p99: number;
}

/** What ended in one second. */
export interface FrameBin {
	readonly second: number;
	readonly pipeline: string;
	/** In the order of OUTCOMES. */
	readonly outcomes: readonly number[];
	/** From the measurement to the result, in ms; null: none. */
	readonly ageMs: Spread | null;
	/** Left until the deadline when the result was there; negative when it was missed. */
	readonly slackMs: Spread | null;
}

export interface TensorEntry {
	readonly name: string;
	readonly datatype: string;
	readonly shape: readonly number[];
}

export interface ModelEntry {
	readonly name: string;
	/** Empty: never loaded. */
	readonly version: string;
	readonly state: string;
	readonly reason: string;
	/** Null: not in service. */
	readonly serving: {
		readonly platform: string;
		readonly inputs: readonly TensorEntry[];
		readonly outputs: readonly TensorEntry[];
		/** Sums since it was loaded. */
		readonly requests: number;
		readonly failures: number;
		readonly rows: number;
		readonly runs: number;
		readonly lastMs: number;
		/** Means in µs: of requests that were answered, and of runs. */
		readonly queueUs: number;
		readonly inputUs: number;
		readonly inferUs: number;
		readonly outputUs: number;
		readonly totalUs: number;
		/** Rows → runs and µs of the network alone. */
		readonly batches: readonly (readonly [
			rows: number,
			runs: number,
			inferUs: number,
		])[];
		/** Since the tick before, from the histogram; null: nothing was answered, or metrics are off. */
		readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
		readonly closedBecause: Readonly<Record<string, number>>;
		readonly outcomes: Readonly<Record<string, number>>;
		readonly pending: number;
	} | null;
}

interface VersionName {
	readonly version: number;
	/** Of its files; null: it was not taken. */
	readonly digest: string | null;
}

export interface SwapEntry {
	readonly id: number;
	readonly model: string;
	readonly action: "load" | "unload";
	readonly cause: string;
	/** The client that asked; empty: nobody did. */
	readonly by: string;
	readonly from: readonly VersionName[];
	/** Wall-clock ms since the epoch. */
	readonly beganAtMs: number;
	/** Where it is; null when it has ended. */
	readonly phase: string | null;
	/** Null while it lasts. */
	readonly outcome: {
		readonly kind: "switched" | "unloaded" | "unchanged" | "failed";
		readonly to: readonly VersionName[];
		/** Of the switch alone; null: there was none. */
		readonly switchUs: number | null;
		readonly failure: {
			readonly phase: string;
			readonly text: string;
			readonly advice: string;
		} | null;
	} | null;
	readonly phases: readonly {
		readonly phase: string;
		readonly durationUs: number;
	}[];
	readonly totalUs: number | null;
	readonly shadow: {
		readonly sampleCount: number;
		readonly isWithin: boolean;
		readonly oldRunMs: number;
		readonly newRunMs: number;
	} | null;
	readonly canary: {
		readonly weight: number;
		readonly oldP95Ms: number;
		readonly newP95Ms: number;
		readonly newErrorCount: number;
		readonly newRequestCount: number;
	} | null;
}

export const REQUEST_ORDERS = ["slowest", "missed"] as const;
export type RequestOrder = (typeof REQUEST_ORDERS)[number];

/** A request or frame that is kept; `/saccade/v1/explain/{traceId}` tells all of it. */
export interface RequestEntry {
	readonly order: RequestOrder;
	readonly traceId: string;
	readonly kind: "request" | "frame";
	/** The model, or the pipeline. */
	readonly name: string;
	readonly outcome: Outcome;
	readonly reason: string | null;
	readonly startUnixUs: number;
	readonly durationUs: number;
	readonly deadlineUs: number | null;
	readonly isMissed: boolean;
	readonly longestStage: {
		readonly name: string;
		readonly durationUs: number;
	} | null;
}

export interface DeviceEntry {
	readonly name: string;
	readonly kind: string;
	readonly uuid: string | null;
	readonly threadCount: number;
	readonly state: string;
	readonly because: string | null;
	/** 0 to 1. */
	readonly load: number;
	readonly busyShare: number;
	readonly running: number;
	readonly memoryTotalBytes: number | null;
	readonly memoryUsedBytes: number | null;
	readonly utilization: number | null;
}

/** One run, or runs of one model on one lane with nothing visible between them. */
export interface LaneSpan {
	readonly device: string;
	readonly lane: number;
	readonly model: string;
	readonly version: string;
	readonly beginMs: number;
	readonly endMs: number;
	readonly runs: number;
	readonly rows: number;
	readonly failed: number;
	/** Of the last of them. */
	readonly closedBecause: string;
}

export interface LogEntry {
	readonly level: "debug" | "info" | "warn" | "error";
	readonly unixMs: number;
	readonly text: string;
	readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

export interface OptionEntry {
	readonly flag: string;
	/** As text; of what names a file, whether it is set. */
	readonly value: string;
	readonly isDefault: boolean;
	readonly unit: string;
	readonly meaning: string;
}

// ── pictures and clouds ──────────────────────────────────────────────────────────────────────────────────

/** Topic of a medium. */
export function mediaTopic(stream: string, device: string): string {
	return `media/${stream}/${device}`;
}

export type MediaHead =
	| {
			readonly kind: "picture";
			readonly topic: string;
			readonly type: string;
			readonly width: number;
			readonly height: number;
			readonly finishedUs: number;
			readonly outcome: Outcome;
			readonly boxes: readonly BoxEntry[];
	  }
	| {
			readonly kind: "cloud";
			readonly topic: string;
			readonly count: number;
			/** Metres of one step of the coordinates. */
			readonly stepM: number;
			/** Points of the cloud, of which `count` are here. */
			readonly total: number;
			readonly finishedUs: number;
			readonly outcome: Outcome;
			/** Rows of the transform to the vehicle's frame. */
			readonly mount: readonly number[];
	  };

/** A cloud's bytes: `count` × 3 coordinates of 16 bits, then `count` intensities of one byte; little-endian. */
export const CLOUD_POINT_BYTES = 7;

/**
 * A message of a medium: │ length of the head, u32 │ head, padded with blanks │ bytes │. The bytes begin at a multiple of
 * this, so that typed arrays may view them.
 */
export const MEDIA_ALIGN_BYTES = 8;
