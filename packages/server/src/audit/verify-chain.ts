// Whether a log is as it was written: every hash follows from the one before, the last is the head, the head's
// signature is right, and every head that the server told elsewhere is in it.
import type { VerifyKey } from "../common/ed25519.ts";
import { fromBody } from "./audit-event.ts";
import {
	type AuditRow,
	type Head,
	hashAfter,
	isSameHash,
	NO_HEAD,
	type SignedHead,
	signedBytes,
	toHex,
} from "./chain.ts";
import { parseRotation, type Rotation } from "./rotation.ts";

export interface VerifyOptions {
	/** As stored beside the events; null: there is none. */
	readonly head: SignedHead | null;
	/** Of whom a signature counts. None: the head need not be signed. */
	readonly keys: readonly VerifyKey[];
	/** Heads that the server told elsewhere, e.g. in its log. @default none */
	readonly toldHeads?: readonly SignedHead[];
}

export interface Verdict {
	readonly eventCount: number;
	/** The last event; `NO_HEAD` in an empty log. */
	readonly head: Head;
	/** Whose signature the head has, checked; empty: none was asked for. */
	readonly signedBy: string;
	/** What is wrong; empty: the log is whole. At most `MAX_PROBLEMS`. */
	readonly problems: readonly string[];
}

const MAX_PROBLEMS = 20;

/** @param read the rows by ascending number, from the beginning at each call: they are gone through twice */
export function verifyChain(
	read: () => Iterable<AuditRow>,
	{ head, keys, toldHeads = [] }: VerifyOptions,
): Verdict {
	const problems: string[] = [];
	const told = new Map(toldHeads.map((each) => [each.seq, each]));
	const rotations = rotationsOf(read());
	let last: Head = NO_HEAD;
	let eventCount = 0;
	for (const { seq, body, hash } of read()) {
		if (eventCount === 0 && seq > 1)
			last = startOf(seq, rotations, told, problems);
		if (seq !== last.seq + 1 && seq > 1)
			problems.push(
				`events ${last.seq + 1} to ${seq - 1} are missing: they were taken out`,
			);
		const expected = hashAfter({ seq: seq - 1, hash: last.hash }, body);
		if (!isSameHash(expected.hash, hash))
			problems.push(
				`event ${seq} is not what was written, or not what follows event ${seq - 1}`,
			);
		const known = told.get(seq);
		if (known !== undefined && !isSameHash(known.hash, hash))
			problems.push(
				`event ${seq} has another hash than the server told then: the log was written anew`,
			);
		last = { seq, hash };
		eventCount++;
	}
	for (const { seq } of toldHeads)
		if (seq > last.seq) {
			problems.push(
				`the log ends at event ${last.seq}, but the server told of event ${seq}: the end was cut off`,
			);
			break;
		}
	for (const each of toldHeads)
		if (keys.length > 0 && signerOf(each, keys) === null)
			problems.push(
				`the head of event ${each.seq}, as told, is signed by none of the given keys`,
			);
	const signedBy = checkHead(head, last, keys, problems);
	return {
		eventCount,
		head: last,
		signedBy,
		problems: problems.slice(0, MAX_PROBLEMS),
	};
}

/** Where a log begins whose first events were dropped: the log itself says so further on. */
function startOf(
	firstSeq: number,
	rotations: readonly Rotation[],
	told: ReadonlyMap<number, Head>,
	problems: string[],
): Head {
	const dropped = rotations.find(({ through }) => through === firstSeq - 1);
	if (dropped !== undefined)
		return { seq: dropped.through, hash: Buffer.from(dropped.hash, "hex") };
	problems.push(
		`the log begins at event ${firstSeq}, and does not say that earlier ones were dropped: its beginning was cut off`,
	);
	return told.get(firstSeq - 1) ?? { ...NO_HEAD, seq: firstSeq - 1 };
}

function rotationsOf(rows: Iterable<AuditRow>): Rotation[] {
	const rotations: Rotation[] = [];
	for (const { body } of rows) {
		const event = fromBody(body);
		const rotation = event === null ? null : parseRotation(event);
		if (rotation !== null) rotations.push(rotation);
	}
	return rotations;
}

function checkHead(
	head: SignedHead | null,
	last: Head,
	keys: readonly VerifyKey[],
	problems: string[],
): string {
	if (head === null) {
		if (last.seq > 0 || keys.length > 0)
			problems.push("the head, which says where the log ends, is missing");
		return "";
	}
	if (head.seq !== last.seq || !isSameHash(head.hash, last.hash))
		problems.push(
			`the head is event ${head.seq} (${toHex(head.hash).slice(0, 16)}), but the last is event ${last.seq} (${toHex(last.hash).slice(0, 16)}): the end was cut off or added to`,
		);
	if (keys.length === 0) return "";
	const signer = signerOf(head, keys);
	if (signer !== null) return signer.id;
	problems.push(
		head.signature.byteLength === 0
			? "the head is not signed: the server ran without --audit-key"
			: `the head's signature is by none of the given keys; it names key ${head.keyId}`,
	);
	return "";
}

function signerOf(
	head: SignedHead,
	keys: readonly VerifyKey[],
): VerifyKey | null {
	const bytes = signedBytes(head);
	return keys.find((key) => key.verify(bytes, head.signature)) ?? null;
}
