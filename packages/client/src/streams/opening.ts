// What a stream is opened with, and its message.
import { create, toBinary } from "@bufbuild/protobuf";
import {
	DropPolicy,
	Liveliness,
	Reliability,
} from "@saccade/protocol/gen/saccade/v1/qos_pb.js";
import {
	ClockDomain,
	SensorReadingSchema,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { Command } from "./command.ts";

/** Quality of service in the terms of ROS 2: docs/streams.md. What is left out is the server's default. */
export interface QosOffer {
	readonly dropPolicy?: "keep-last" | "drop-oldest" | "drop-latest" | "block";
	/** Frames that may wait, 1 to 100. */
	readonly depth?: number;
	readonly reliability?: "best-effort" | "reliable";
	/** Longest time between two frames of a device. */
	readonly deadlineMs?: number;
	/** Age from which a frame that waits is of no use any more. */
	readonly lifespanMs?: number;
	readonly liveliness?: "automatic" | "manual-by-topic";
	/** Silence after which a device counts as gone. */
	readonly livelinessLeaseMs?: number;
	/** From the measurement to the decision, for frames that do not say. */
	readonly latencyBudgetMs?: number;
	/** Frames of the stream that may run at once, 1 to 16. */
	readonly maxInFlight?: number;
}

/** As foxglove.CameraCalibration has it: `k` and `r` are 3 × 3, `p` is 3 × 4, row by row. */
export interface CameraCalibration {
	readonly width: number;
	readonly height: number;
	readonly distortionModel?: string;
	readonly d?: readonly number[];
	readonly k: readonly number[];
	readonly r?: readonly number[];
	readonly p?: readonly number[];
}

export interface SensorDescription {
	readonly deviceId: string;
	readonly frameId?: string;
	/** Between two frames. @default no rhythm */
	readonly periodMs?: number;
	readonly calibration?: CameraCalibration;
}

/** The pose of `child` in `parent`; axes as in REP 103. */
export interface FrameTransform {
	readonly parent: string;
	readonly child: string;
	readonly translation: readonly [x: number, y: number, z: number];
	/** @default none */
	readonly rotation?: readonly [x: number, y: number, z: number, w: number];
}

export interface Opening {
	/** A pipeline's name, or `model:<name>`. @default scalar */
	readonly pipeline?: string;
	readonly qos?: QosOffer;
	/** @default any may send */
	readonly sensors?: readonly SensorDescription[];
	readonly transforms?: readonly FrameTransform[];
	/** `host-monotonic`: timestamps are CLOCK_MONOTONIC of the server's machine. @default device: the server estimates */
	readonly clockDomain?: "device" | "host-monotonic";
	/** For people. */
	readonly name?: string;
	/** What this side does when it hears nothing. */
	readonly safeCommand: Command;
}

const DROP_POLICY = {
	"keep-last": DropPolicy.KEEP_LAST,
	"drop-oldest": DropPolicy.DROP_OLDEST,
	"drop-latest": DropPolicy.DROP_LATEST,
	block: DropPolicy.BLOCK,
} as const;
const RELIABILITY = {
	"best-effort": Reliability.BEST_EFFORT,
	reliable: Reliability.RELIABLE,
} as const;
const LIVELINESS = {
	automatic: Liveliness.AUTOMATIC,
	"manual-by-topic": Liveliness.MANUAL_BY_TOPIC,
} as const;

export function encodeOpening(opening: Opening): Uint8Array {
	const { action, reasons, targets } = opening.safeCommand;
	const value = {
		pipeline: opening.pipeline ?? "",
		qos: qosMessage(opening.qos ?? {}),
		sensors: (opening.sensors ?? []).map(sensorMessage),
		transforms: (opening.transforms ?? []).map(transformMessage),
		clockDomain:
			opening.clockDomain === "host-monotonic"
				? ClockDomain.HOST_MONOTONIC
				: ClockDomain.DEVICE,
		name: opening.name ?? "",
		safeCommand: { action, reasons: [...reasons], targets: [...targets] },
	};
	return toBinary(
		SensorReadingSchema,
		create(SensorReadingSchema, { content: { case: "open", value } }),
	);
}

/** Another profile from now on; what the server makes of it is told by `onPolicyChange`. */
export function encodeProfile(qos: QosOffer): Uint8Array {
	return toBinary(
		SensorReadingSchema,
		create(SensorReadingSchema, {
			content: { case: "reconfigure", value: qosMessage(qos) },
		}),
	);
}

function qosMessage(qos: QosOffer) {
	return {
		...(qos.dropPolicy && { dropPolicy: DROP_POLICY[qos.dropPolicy] }),
		...(qos.reliability && { reliability: RELIABILITY[qos.reliability] }),
		...(qos.liveliness && { liveliness: LIVELINESS[qos.liveliness] }),
		depth: qos.depth ?? 0,
		maxInFlight: qos.maxInFlight ?? 0,
		deadlineNs: nsOf(qos.deadlineMs),
		lifespanNs: nsOf(qos.lifespanMs),
		livelinessLeaseNs: nsOf(qos.livelinessLeaseMs),
		latencyBudgetNs: nsOf(qos.latencyBudgetMs),
	};
}

function sensorMessage(sensor: SensorDescription) {
	const { deviceId, frameId = "", periodMs, calibration } = sensor;
	return {
		deviceId,
		frameId,
		periodNs: nsOf(periodMs),
		...(calibration && {
			calibration: {
				frameId,
				width: calibration.width,
				height: calibration.height,
				distortionModel: calibration.distortionModel ?? "",
				D: [...(calibration.d ?? [])],
				K: [...calibration.k],
				R: [...(calibration.r ?? [])],
				P: [...(calibration.p ?? [])],
			},
		}),
	};
}

function transformMessage(transform: FrameTransform) {
	const { parent, child, translation, rotation = [0, 0, 0, 1] } = transform;
	const [x, y, z] = translation;
	const [qx, qy, qz, qw] = rotation;
	return {
		parentFrameId: parent,
		childFrameId: child,
		translation: { x, y, z },
		rotation: { x: qx, y: qy, z: qz, w: qw },
	};
}

function nsOf(ms: number | undefined): bigint {
	return ms === undefined ? 0n : BigInt(Math.round(ms * 1e6));
}
