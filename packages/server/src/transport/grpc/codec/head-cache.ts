// Clients send the same head (names, types, shapes, parameters) before the raw contents again and again; only the
// id differs. Heads seen lately are recognised by their exact bytes, so that they are parsed once.
//
//   │ before │ id (tag, length, text) │ after │ raw contents …

import { WireReader } from "../../../wire/wire-reader.ts";
import { type InferHead, type ParsedRequest, TAG } from "./request-head.ts";

/** Most heads that are kept: a server's busiest (model, shape) pairs. */
const MAX_HEADS = 8;
/** Longer heads are rare, and comparing them costs more than it saves. */
const MAX_HEAD_BYTES = 4096;

interface KnownHead {
	readonly head: InferHead;
	readonly before: Uint8Array;
	readonly hasId: boolean;
	readonly after: Uint8Array;
}

/** After `find` returned a head, `id` and `rawStart` tell the rest about that message. */
export class HeadCache {
	/** Offset of the first raw contents' tag. */
	rawStart = 0;
	#idStart = 0;
	#idEnd = 0;
	readonly #heads: KnownHead[] = [];
	readonly #reader = new WireReader(new Uint8Array(0));

	get id(): string {
		if (this.#idStart === this.#idEnd) return "";
		return this.#reader.text(this.#idStart, this.#idEnd);
	}

	/** Null when the message begins like none of the known ones. Never throws. */
	find(bytes: Uint8Array): InferHead | null {
		const heads = this.#heads;
		for (let i = 0; i < heads.length; i++) {
			const known = heads[i]!;
			if (!this.#matches(known, bytes)) continue;
			// One step towards the front: the busiest heads are compared first.
			if (i > 0) {
				heads[i] = heads[i - 1]!;
				heads[i - 1] = known;
			}
			return known.head;
		}
		return null;
	}

	/** Keeps the head of a message whose fields after it are raw contents only. */
	keep(bytes: Uint8Array, parsed: ParsedRequest): void {
		const { head, rawStart, idStart, idEnd, isPlain } = parsed;
		if (!isPlain || rawStart <= 0 || rawStart > MAX_HEAD_BYTES) return;
		const hasId = idStart >= 0;
		if (this.#heads.length === MAX_HEADS) this.#heads.pop();
		this.#heads.push({
			head,
			before: bytes.slice(0, hasId ? idStart : rawStart),
			hasId,
			after: hasId ? bytes.slice(idEnd, rawStart) : new Uint8Array(0),
		});
	}

	#matches(known: KnownHead, bytes: Uint8Array): boolean {
		const { before, after } = known;
		if (!hasAt(bytes, 0, before)) return false;
		let at = before.byteLength;
		this.#idStart = this.#idEnd = at;
		if (known.hasId) {
			const length = bytes[at + 1];
			// Ids whose length takes two octets are left to the parser.
			if (bytes[at] !== TAG.id || length === undefined || length >= 0x80)
				return false;
			this.#idStart = at + 2;
			at = this.#idEnd = this.#idStart + length;
		}
		if (!hasAt(bytes, at, after)) return false;
		at += after.byteLength;
		if (bytes[at] !== TAG.rawInputContents) return false;
		this.rawStart = at;
		this.#reader.reset(bytes);
		return true;
	}
}

function hasAt(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
	const { length } = part;
	if (at + length > bytes.length) return false;
	for (let i = 0; i < length; i++) if (bytes[at + i] !== part[i]) return false;
	return true;
}
