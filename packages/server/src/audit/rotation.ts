// How a log stays bounded: when it is full its oldest eighth goes, and an event, which is in the chain like any other,
// says through which one and with what hash: the chain of what is left begins there.
import { type AuditEvent, logEvent } from "./audit-event.ts";

export interface Rotation {
	/** The last event that was dropped. */
	readonly through: number;
	/** Its hash, in hex. */
	readonly hash: string;
}

/** The last event to drop, when there are more than `maxEvents`; null: there is room. */
export function droppedThrough(
	firstSeq: number,
	lastSeq: number,
	maxEvents: number,
): number | null {
	if (lastSeq - firstSeq + 1 <= maxEvents) return null;
	return lastSeq - Math.max(1, Math.floor((maxEvents * 7) / 8));
}

export function rotationEvent({ through, hash }: Rotation): AuditEvent {
	return logEvent("audit-rotated", `events through ${through}, hash ${hash}`);
}

/** Null for every other event. */
export function parseRotation({ what, detail }: AuditEvent): Rotation | null {
	if (what !== "audit-rotated") return null;
	const match = /^events through (\d{1,15}), hash ([0-9a-f]{64})$/.exec(detail);
	return match === null
		? null
		: { through: Number(match[1]), hash: match[2] ?? "" };
}
