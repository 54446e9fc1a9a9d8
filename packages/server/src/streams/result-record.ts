// What the shared ring holds of a frame: fixed numbers, then the names. Little-endian, as every machine that runs this.
//
//   │ timestampNs i64 │ sequence f64 │ ageUs f64 │ outcome u8 │ 3 × 0 │ length u16 of each │ stream, device, action │
import { OUTCOMES, type Outcome } from "@saccade/protocol";
import type { FrameOutcome } from "./stream.ts";

const HEAD_BYTES = 36;
const AT = { timestampNs: 0, sequence: 8, ageUs: 16, outcome: 24, lengths: 28 };
/** Longer names are cut, so that a record fits a slot. */
const MAX_TEXT_BYTES = 64;

export const RESULT_RECORD_BYTES: number = HEAD_BYTES + 3 * MAX_TEXT_BYTES;

export interface ResultRecord {
	readonly streamId: string;
	readonly deviceId: string;
	readonly timestampNs: bigint;
	readonly sequence: number;
	readonly outcome: Outcome;
	/** From the sensor's timestamp to the outcome. */
	readonly ageUs: number;
	/** Of the decision; empty when there is none. */
	readonly action: string;
}

const text = new TextEncoder();
const decoder = new TextDecoder();
const scratch = new Uint8Array(RESULT_RECORD_BYTES);
const view = new DataView(scratch.buffer);

/** Valid until the next one is encoded. */
export function encodeResult(
	streamId: string,
	outcome: FrameOutcome,
): Uint8Array {
	view.setBigInt64(AT.timestampNs, outcome.timestampNs, true);
	view.setFloat64(AT.sequence, outcome.sequence, true);
	view.setFloat64(AT.ageUs, outcome.finishedUs - outcome.measuredUs, true);
	view.setUint32(AT.outcome, OUTCOMES.indexOf(outcome.outcome), true);
	const action = outcome.result?.decision?.action ?? "";
	let at = HEAD_BYTES;
	for (const [i, name] of [streamId, outcome.deviceId, action].entries()) {
		const room = scratch.subarray(at, at + MAX_TEXT_BYTES);
		const { written } = text.encodeInto(name, room);
		view.setUint16(AT.lengths + 2 * i, written, true);
		at += written;
	}
	return scratch.subarray(0, at);
}

export function decodeResult(bytes: Uint8Array): ResultRecord {
	const of = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	let at = HEAD_BYTES;
	const next = (i: number): string => {
		const length = of.getUint16(AT.lengths + 2 * i, true);
		at += length;
		return decoder.decode(bytes.subarray(at - length, at));
	};
	const [streamId, deviceId, action] = [next(0), next(1), next(2)];
	return {
		streamId,
		deviceId,
		action,
		timestampNs: of.getBigInt64(AT.timestampNs, true),
		sequence: of.getFloat64(AT.sequence, true),
		ageUs: of.getFloat64(AT.ageUs, true),
		outcome: OUTCOMES[of.getUint32(AT.outcome, true)]!,
	};
}
