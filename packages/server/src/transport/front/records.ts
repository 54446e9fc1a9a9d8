// What request and answer records share. Numbers are in the machine's order; `i` counts 32-bit words and `f` 64-bit
// words from the start of a record.
import type { RecordSpace } from "./link.ts";

/** Word i0 of a record. i1 is always the number of the call. */
export const KIND = {
	/** A request; answered by one `response` or `error`. */
	infer: 1,
	/** The client left. */
	cancel: 2,
	response: 3,
	error: 4,
	/** The request's bytes are not needed any more, said after its answer. */
	released: 5,
} as const;

/** Longer parts go as a message. */
export const MAX_DEFINITION_BYTES = 16 * 1024;
export const MAX_TENSORS = 256;

/** The writing side of a link. */
export interface RecordOutput {
	readonly space: RecordSpace;
	open(byteLength: number): number;
	commit(): void;
}

/** A record that says no more than its kind. */
export function writeNotice(
	output: RecordOutput,
	kind: number,
	callId: number,
): void {
	const i = output.open(8) / 4;
	output.space.int32[i] = kind;
	output.space.int32[i + 1] = callId;
	output.commit();
}

export function writeText(
	bytes: Uint8Array,
	at: number,
	text: string,
	byteLength: number,
): void {
	if (byteLength === text.length && byteLength < 64) {
		// All ASCII: cheaper than a call into the runtime.
		for (let i = 0; i < byteLength; i++) bytes[at + i] = text.charCodeAt(i);
	} else bytes.set(Buffer.from(text), at);
}

export function readText(
	bytes: Uint8Array,
	at: number,
	byteLength: number,
): string {
	if (byteLength === 0) return "";
	const { buffer, byteOffset } = bytes;
	return Buffer.from(buffer, byteOffset + at, byteLength).toString();
}

export function roundUp(byteLength: number): number {
	return (byteLength + 7) & ~7;
}
