// The chain: the hash of each event covers the one before it, so that none can be changed, taken out, put in or moved
// without changing every hash after it; and the last hash, the head, is signed.
//
//   hash(n) = SHA-256("saccade-audit-1" 0 │ hash(n−1), 32 zeros before the first │ n, 8 bytes big-endian │ text)
//   signed  = "saccade-audit-head-1" 0 │ n │ hash(n)
import { createHash } from "node:crypto";

export interface AuditRow {
	/** From 1, without a gap. */
	readonly seq: number;
	/** The event's text. */
	readonly body: string;
	readonly hash: Uint8Array;
}

export interface Head {
	/** 0: nothing is in the log yet. */
	readonly seq: number;
	readonly hash: Uint8Array;
}

/** A head with its signature; empty texts: nobody signed it. */
export interface SignedHead extends Head {
	readonly keyId: string;
	readonly signature: Uint8Array;
}

const EVENT_DOMAIN = Buffer.from("saccade-audit-1\0");
const HEAD_DOMAIN = Buffer.from("saccade-audit-head-1\0");

/** Before the first event. */
export const NO_HEAD: Head = { seq: 0, hash: new Uint8Array(32) };

export function hashAfter(previous: Head, body: string): Head {
	const seq = previous.seq + 1;
	const hash = createHash("sha256")
		.update(EVENT_DOMAIN)
		.update(previous.hash)
		.update(bigEndian(seq))
		.update(body, "utf8")
		.digest();
	return { seq, hash };
}

/** What a signature of a head is over. */
export function signedBytes({ seq, hash }: Head): Uint8Array {
	return Buffer.concat([HEAD_DOMAIN, bigEndian(seq), hash]);
}

export function isSameHash(a: Uint8Array, b: Uint8Array): boolean {
	return Buffer.compare(a, b) === 0;
}

export function toHex(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("hex");
}

function bigEndian(value: number): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64BE(BigInt(value));
	return bytes;
}
