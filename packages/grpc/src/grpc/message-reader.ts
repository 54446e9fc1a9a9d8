// Length-prefixed messages out of body bytes, however they are cut:
//
//   ┌────────────┬─────────────┬─────────────┐
//   │ compressed │ length (BE) │ message …   │     1 + 4 + length octets
//   └────────────┴─────────────┴─────────────┘
//
// A message that lies whole in the read buffer is offered in place; others land where the sink says.
import { Status } from "../api.ts";

const PREFIX_BYTES = 5;
/** `begin` sees at least this much of a message, so that names in its first fields can be read. */
const FIRST_BYTES = 1024;

export interface MessageReceiver {
	/** See `MessageSink.begin`. */
	messageBegin(
		byteLength: number,
		first: Uint8Array,
		compressed: boolean,
	): Uint8Array | null;
	messageEnd(): void;
	/** The next message begins: earlier ones are no business of the reader any more. */
	messageAhead(): void;
	/** Bytes are kept beyond the read that brought them. False: there is no room, and the call was ended. */
	keep(byteLength: number): boolean;
	/** The same, where they are about to land. False, and the call goes on: the message is not wanted any more. */
	land(byteLength: number): boolean;
	/** The stream cannot go on. */
	violation(status: Status, text: string): void;
}

type State = "prefix" | "first" | "body" | "skip" | "dead";

export class MessageReader {
	readonly #receiver: MessageReceiver;
	readonly #maxMessageBytes: number;
	#state: State = "prefix";
	#prefixAt = 0;
	#compressed = false;
	#byteLength = 0;
	/** Octets of the message that have arrived. */
	#at = 0;
	#target: Uint8Array | null = null;
	#isHeld = false;
	/** First octets of a message that came in pieces smaller than FIRST_BYTES. */
	#stage: Uint8Array | null = null;

	constructor(receiver: MessageReceiver, maxMessageBytes: number) {
		this.#receiver = receiver;
		this.#maxMessageBytes = maxMessageBytes;
	}

	/** True between messages. */
	get isAtBoundary(): boolean {
		return this.#state === "prefix" && this.#prefixAt === 0;
	}

	/** True when `begin` was called and `end` was not. */
	get isInMessage(): boolean {
		return this.#state === "body";
	}

	/** Nothing more is wanted. */
	stop(): void {
		this.#state = "dead";
		this.#target = null;
		this.#stage = null;
	}

	/** Ends the `read` under way after the message that is complete now. */
	hold(): void {
		this.#isHeld = true;
	}

	/** Returns where it stopped: `end`, or earlier when it was held. */
	read(bytes: Uint8Array, start: number, end: number): number {
		this.#isHeld = false;
		let at = start;
		while (at < end && !this.#isHeld) {
			switch (this.#state) {
				case "prefix":
					at = this.#readPrefix(bytes, at, end);
					break;
				case "first":
					at = this.#readFirst(bytes, at, end);
					break;
				case "body":
					at = this.#readBody(bytes, at, end);
					break;
				case "skip":
					at = this.#skip(at, end);
					break;
				case "dead":
					return end;
			}
		}
		return at;
	}

	#readPrefix(bytes: Uint8Array, start: number, end: number): number {
		let at = start;
		while (at < end && this.#prefixAt < PREFIX_BYTES) {
			const octet = bytes[at++]!;
			if (this.#prefixAt === 0) {
				if (octet > 1) {
					this.#violate(Status.INTERNAL, `compressed flag is ${octet}`);
					return end;
				}
				this.#compressed = octet === 1;
				this.#byteLength = 0;
			} else {
				this.#byteLength = this.#byteLength * 256 + octet;
			}
			this.#prefixAt++;
		}
		if (this.#prefixAt < PREFIX_BYTES) return at;
		this.#prefixAt = 0;
		if (this.#byteLength > this.#maxMessageBytes) {
			this.#violate(
				Status.RESOURCE_EXHAUSTED,
				`a message of ${this.#byteLength} bytes exceeds the limit of ${this.#maxMessageBytes}`,
			);
			return end;
		}
		this.#at = 0;
		this.#state = "first";
		this.#receiver.messageAhead();
		if (this.#byteLength === 0) this.#begin(bytes, at, at, false);
		return at;
	}

	#readFirst(bytes: Uint8Array, at: number, end: number): number {
		const available = end - at;
		const wanted = Math.min(this.#byteLength, FIRST_BYTES);
		if (this.#stage === null && available >= wanted) {
			const next = Math.min(end, at + this.#byteLength);
			this.#begin(bytes, at, next, false);
			return next;
		}
		this.#stage ??= new Uint8Array(wanted);
		const next = Math.min(end, at + wanted - this.#at);
		if (!this.#receiver.keep(next - at)) return end;
		this.#stage.set(bytes.subarray(at, next), this.#at);
		this.#at += next - at;
		if (this.#at === wanted) {
			const stage = this.#stage;
			this.#stage = null;
			this.#begin(stage, 0, wanted, true);
		}
		return next;
	}

	/** `bytes[start, end)` are the first octets of the message, perhaps all, and perhaps kept already. */
	#begin(bytes: Uint8Array, start: number, end: number, isKept: boolean): void {
		const first = bytes.subarray(start, end);
		this.#state = "body";
		const target = this.#receiver.messageBegin(
			this.#byteLength,
			first,
			this.#compressed,
		);
		// The receiver may have ended the call meanwhile.
		if ((this.#state as State) === "dead") return;
		this.#at = first.byteLength;
		if (target === null) {
			this.#state = this.#at < this.#byteLength ? "skip" : "prefix";
			return;
		}
		if (target !== first) {
			if (!isKept && !this.#receiver.land(first.byteLength)) {
				this.#skipRest();
				return;
			}
			target.set(first);
		}
		this.#target = target;
		this.#endIfComplete();
	}

	#readBody(bytes: Uint8Array, at: number, end: number): number {
		const next = Math.min(end, at + this.#byteLength - this.#at);
		if (!this.#receiver.land(next - at)) {
			this.#skipRest();
			return at;
		}
		const whole = at === 0 && next === bytes.byteLength;
		this.#target!.set(whole ? bytes : bytes.subarray(at, next), this.#at);
		this.#at += next - at;
		this.#endIfComplete();
		return next;
	}

	/** Nothing more of this message is kept. */
	#skipRest(): void {
		if ((this.#state as State) === "dead") return;
		this.#target = null;
		this.#state = this.#at < this.#byteLength ? "skip" : "prefix";
	}

	#skip(at: number, end: number): number {
		const next = Math.min(end, at + this.#byteLength - this.#at);
		this.#at += next - at;
		if (this.#at === this.#byteLength) this.#state = "prefix";
		return next;
	}

	#endIfComplete(): void {
		if (this.#at < this.#byteLength) return;
		this.#state = "prefix";
		this.#target = null;
		this.#receiver.messageEnd();
	}

	#violate(status: Status, text: string): void {
		this.stop();
		this.#receiver.violation(status, text);
	}
}
