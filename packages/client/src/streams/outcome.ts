// What the server tells of a stream, out of its messages.
import {
	FRAME_REASONS,
	type FrameReason,
	OUTCOMES,
	type Outcome,
} from "@saccade/protocol";
import {
	type Decision as DecisionMessage,
	type SensorEvent as EventMessage,
	type FrameOutcome as OutcomeMessage,
	Outcome as OutcomeNumber,
	SensorEvent_Kind,
	type Totals as TotalsMessage,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import { ClientError } from "../client-error.ts";
import type { Decision } from "./command.ts";

export interface StageTime {
	readonly name: string;
	readonly beginNs: number;
	readonly endNs: number;
}

export interface OutputTensor {
	readonly name: string;
	readonly datatype: string;
	readonly shape: readonly number[];
	readonly data: Uint8Array;
}

/** Exactly one for each reading. */
export interface FrameOutcome {
	readonly timestampNs: bigint;
	readonly deviceId: string;
	/** Of the device's frames, from 1 on. */
	readonly sequence: number;
	readonly outcome: Outcome;
	/** Null with RESULT. */
	readonly reason: FrameReason | null;
	/** For people. */
	readonly detail: string;
	readonly decision: Decision | null;
	/** Where the time went, in ns after the measurement. */
	readonly latency: {
		readonly receivedNs: number;
		readonly startedNs: number;
		readonly finishedNs: number;
		/** 0: no deadline. */
		readonly deadlineNs: number;
		readonly stages: readonly StageTime[];
	};
	readonly outputs: readonly OutputTensor[];
	/** By which the server can explain the frame (`saccade explain`); null: it was not recorded. */
	readonly traceId: string | null;
}

export interface SensorEvent {
	readonly kind: Lowercase<Exclude<keyof typeof SensorEvent_Kind, number>>;
	readonly deviceId: string;
	readonly count: number;
	readonly detail: string;
}

/** received = the sum of the outcomes + inFlight. */
export interface StreamTotals {
	readonly received: number;
	readonly inFlight: number;
	/** Outcomes that were told as a number only, since this side did not read. */
	readonly onlyCounted: number;
	readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
}

export function toOutcome(message: OutcomeMessage): FrameOutcome {
	const { latency, reason } = message;
	return {
		timestampNs: message.timestampNs,
		deviceId: message.deviceId,
		sequence: Number(message.sequence),
		traceId: message.traceId === "" ? null : message.traceId,
		outcome: outcomeOf(message.outcome),
		reason: Object.hasOwn(FRAME_REASONS, reason)
			? (reason as FrameReason)
			: null,
		detail: message.detail,
		decision:
			message.decision === undefined ? null : toDecision(message.decision),
		latency: {
			receivedNs: Number(latency?.receivedNs ?? 0n),
			startedNs: Number(latency?.startedNs ?? 0n),
			finishedNs: Number(latency?.finishedNs ?? 0n),
			deadlineNs: Number(latency?.deadlineNs ?? 0n),
			stages: (latency?.stages ?? []).map(({ name, beginNs, endNs }) => ({
				name,
				beginNs: Number(beginNs),
				endNs: Number(endNs),
			})),
		},
		outputs: message.outputs.map(({ name, datatype, shape, data }) => ({
			name,
			datatype,
			shape: shape.map(Number),
			data,
		})),
	};
}

export function toEvent(message: EventMessage): SensorEvent {
	const { kind, deviceId, count, detail } = message;
	const name = SensorEvent_Kind[kind] ?? "UNSPECIFIED";
	return {
		kind: name.toLowerCase() as SensorEvent["kind"],
		deviceId,
		count: Number(count),
		detail,
	};
}

export function toTotals(message: TotalsMessage): StreamTotals {
	return {
		received: Number(message.received),
		inFlight: Number(message.inFlight),
		onlyCounted: Number(message.onlyCounted),
		outcomes: Object.fromEntries(
			message.outcomes.map(({ outcome, count }) => [
				outcomeOf(outcome),
				Number(count),
			]),
		),
	};
}

function toDecision(message: DecisionMessage): Decision {
	const { action, reasons, validUntilNs, targets } = message;
	return {
		action,
		reasons,
		validUntilNs,
		targets: targets.map(({ name, value }) => ({ name, value })),
	};
}

function outcomeOf(number: OutcomeNumber): Outcome {
	const name = OUTCOMES.find((one) => one === OutcomeNumber[number]);
	if (name !== undefined) return name;
	throw new ClientError(
		"MALFORMED",
		`the server told outcome ${number}, which this client does not know; use a newer one`,
	);
}
