// Openings and profiles between their messages and the neutral shapes. Times are ns on the wire and µs inside; 0 means
// the default on the wire.
import type { CameraCalibration as CalibrationMessage } from "@saccade/protocol/gen/foxglove/CameraCalibration_pb.js";
import type { FrameTransform as TransformMessage } from "@saccade/protocol/gen/foxglove/FrameTransform_pb.js";
import {
	DropPolicy,
	Liveliness,
	type QosProfile as QosMessage,
	Reliability,
} from "@saccade/protocol/gen/saccade/v1/qos_pb.js";
import {
	ClockDomain,
	type Decision as DecisionMessage,
	type StreamOpen,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type {
	CameraCalibration,
	Decision,
	FrameTransform,
	QosOffer,
	QosProfile,
	StreamRequest,
} from "../endpoint/endpoint.ts";
import { SaccadeError } from "../errors/saccade-error.ts";

/** The pipeline of streams that do not name one. */
const DEFAULT_PIPELINE = "scalar";
/** Longer texts of a client are not kept. */
const MAX_NAME_LENGTH = 256;

const DROP_POLICIES = {
	[DropPolicy.KEEP_LAST]: "keep-last",
	[DropPolicy.DROP_OLDEST]: "drop-oldest",
	[DropPolicy.DROP_LATEST]: "drop-latest",
	[DropPolicy.BLOCK]: "block",
} as const;
const RELIABILITIES = {
	[Reliability.BEST_EFFORT]: "best-effort",
	[Reliability.RELIABLE]: "reliable",
} as const;
const LIVELINESSES = {
	[Liveliness.AUTOMATIC]: "automatic",
	[Liveliness.MANUAL_BY_TOPIC]: "manual-by-topic",
} as const;

/** Throws INVALID_ARGUMENT for values that no version of the contract knows. */
export function toQosOffer(message: QosMessage | undefined): QosOffer {
	if (message === undefined) return {};
	const { depth, maxInFlight } = message;
	const dropPolicy = named(DROP_POLICIES, message.dropPolicy, "drop_policy");
	const reliability = named(RELIABILITIES, message.reliability, "reliability");
	const liveliness = named(LIVELINESSES, message.liveliness, "liveliness");
	return {
		...(dropPolicy !== null && { dropPolicy }),
		...(depth !== 0 && { depth }),
		...(reliability !== null && { reliability }),
		...(liveliness !== null && { liveliness }),
		...(maxInFlight !== 0 && { maxInFlightCount: maxInFlight }),
		...time("deadlineUs", message.deadlineNs),
		...time("lifespanUs", message.lifespanNs),
		...time("livelinessLeaseUs", message.livelinessLeaseNs),
		...time("latencyBudgetUs", message.latencyBudgetNs),
	};
}

export function fromQosProfile(qos: QosProfile) {
	return {
		dropPolicy: numberOf(DROP_POLICIES, qos.dropPolicy),
		depth: qos.depth,
		reliability: numberOf(RELIABILITIES, qos.reliability),
		deadlineNs: nsOf(qos.deadlineUs),
		lifespanNs: nsOf(qos.lifespanUs),
		liveliness: numberOf(LIVELINESSES, qos.liveliness),
		livelinessLeaseNs: nsOf(qos.livelinessLeaseUs),
		latencyBudgetNs: nsOf(qos.latencyBudgetUs),
		maxInFlight: qos.maxInFlightCount,
	};
}

/** Throws INVALID_ARGUMENT. */
export function toStreamRequest(open: StreamOpen, peer: string): StreamRequest {
	return {
		pipeline: open.pipeline === "" ? DEFAULT_PIPELINE : open.pipeline,
		qos: toQosOffer(open.qos),
		sensors: open.sensors.map((sensor) => ({
			deviceId: sensor.deviceId,
			frameId: sensor.frameId,
			periodUs: periodUsOf(sensor.periodNs),
			calibration: toCalibration(sensor.calibration),
		})),
		transforms: open.transforms.map(toTransform),
		safeCommand: toDecision(open.safeCommand),
		clockDomain:
			open.clockDomain === ClockDomain.HOST_MONOTONIC
				? "host-monotonic"
				: "device",
		name: open.name.slice(0, MAX_NAME_LENGTH),
		peer,
	};
}

/** Of a client that sends readings and nothing else. */
export function plainRequest(peer: string): StreamRequest {
	return {
		pipeline: DEFAULT_PIPELINE,
		qos: {},
		sensors: [],
		transforms: [],
		safeCommand: null,
		clockDomain: "device",
		name: "",
		peer,
	};
}

/** 0: no rhythm. */
export function periodUsOf(ns: bigint): number {
	return ns === 0n ? Number.POSITIVE_INFINITY : Number(ns) / 1000;
}

/** 0 for Infinity. */
export function nsOf(us: number): bigint {
	return us === Number.POSITIVE_INFINITY ? 0n : BigInt(Math.round(us * 1000));
}

function time<K extends keyof QosOffer>(key: K, ns: bigint) {
	return ns === 0n ? {} : ({ [key]: Number(ns) / 1000 } as Pick<QosOffer, K>);
}

function named<T extends string>(
	names: Readonly<Record<number, T>>,
	value: number,
	field: string,
): T | null {
	if (value === 0) return null;
	const name = names[value];
	if (name !== undefined) return name;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`QoS profile: ${field} ${value} is not known; known are ${Object.keys(names).join(", ")}`,
	);
}

function numberOf(names: Readonly<Record<number, string>>, name: string) {
	const entry = Object.entries(names).find(([, value]) => value === name);
	return Number(entry?.[0] ?? 0);
}

function toDecision(message: DecisionMessage | undefined): Decision | null {
	if (message === undefined) return null;
	return {
		action: message.action,
		reasons: message.reasons,
		validForUs: Number.POSITIVE_INFINITY,
		targets: message.targets.map(({ name, value }) => ({ name, value })),
	};
}

function toCalibration(
	message: CalibrationMessage | undefined,
): CameraCalibration | null {
	if (message === undefined) return null;
	assertLength("K", message.K, 9);
	assertLength("R", message.R, 9);
	assertLength("P", message.P, 12);
	return {
		frameId: message.frameId,
		width: message.width,
		height: message.height,
		distortionModel: message.distortionModel,
		d: message.D,
		k: message.K,
		r: message.R,
		p: message.P,
	};
}

function assertLength(
	name: string,
	matrix: readonly number[],
	length: number,
): void {
	if (matrix.length === 0 || matrix.length === length) return;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`calibration: ${name} has ${length} numbers or none, got ${matrix.length}`,
	);
}

function toTransform(message: TransformMessage): FrameTransform {
	const { translation: t, rotation: r } = message;
	return {
		parentFrameId: message.parentFrameId,
		childFrameId: message.childFrameId,
		translation: [t?.x ?? 0, t?.y ?? 0, t?.z ?? 0],
		rotation: [r?.x ?? 0, r?.y ?? 0, r?.z ?? 0, r?.w ?? 1],
	};
}
