// The way between a front (a network thread) and the core (the thread that schedules), seen from either end: a ring
// of records in each direction for what comes often, and a message port for the rest, whose empty message is the bell
// that wakes a sleeping reader. Records keep their order, and so do messages; between the two there is none.
import type { MessagePort } from "node:worker_threads";
import {
	createRingMemory,
	RingReader,
	RingWriter,
} from "../../common/shared-ring.ts";

/** Where a record is written or read: the three widths of one memory. */
export interface RecordSpace {
	readonly bytes: Uint8Array;
	readonly int32: Int32Array;
	readonly float64: Float64Array;
}

/** The memory of a link; plain data that both threads get. */
export interface LinkMemory {
	readonly toCore: SharedArrayBuffer;
	readonly toFront: SharedArrayBuffer;
	/** How many messages the core has sent: what a front that waits for one looks at. */
	readonly sentToFront: SharedArrayBuffer;
}

export type LinkEnd = "core" | "front";

/** Some thousand small requests; more wait in the thread that writes. */
const RING_BYTES = 1024 * 1024;
/** Records read in one turn of the loop, so that sockets and timers get theirs. */
const RECORDS_PER_TURN = 512;
const BELL = null;

export function createLinkMemory(): LinkMemory {
	return {
		toCore: createRingMemory(RING_BYTES),
		toFront: createRingMemory(RING_BYTES),
		sentToFront: new SharedArrayBuffer(4),
	};
}

export interface LinkEvents<Incoming> {
	/** The record is valid during the call. */
	record(space: RecordSpace, at: number): void;
	message(message: Incoming): void;
}

export class Link<Incoming, Outgoing> {
	readonly #port: MessagePort;
	readonly #events: LinkEvents<Incoming>;
	readonly #reader: RingReader;
	readonly #writer: RingWriter;
	readonly #sentToFront: Int32Array;
	readonly #isCore: boolean;
	/** Records that found no room, in order. */
	#waiting: Uint8Array[] = [];
	#isPrivate = false;
	#turn: NodeJS.Immediate | null = null;
	/** Of the record between `open` and `commit`. */
	space: RecordSpace;

	constructor(
		port: MessagePort,
		memory: LinkMemory,
		end: LinkEnd,
		events: LinkEvents<Incoming>,
	) {
		const { toCore, toFront, sentToFront } = memory;
		const isCore = end === "core";
		this.#port = port;
		this.#events = events;
		this.#reader = new RingReader(isCore ? toCore : toFront);
		this.#writer = new RingWriter(isCore ? toFront : toCore);
		this.#sentToFront = new Int32Array(sentToFront);
		this.#isCore = isCore;
		this.space = this.#writer;
		port.on("message", this.#received);
		this.#read();
	}

	/** Offset in `space` of room for a record, a multiple of 8. Write it, then `commit`. */
	open(byteLength: number): number {
		if (this.#waiting.length === 0) {
			const at = this.#writer.reserve(byteLength);
			if (at >= 0) {
				this.space = this.#writer;
				this.#isPrivate = false;
				return at;
			}
		}
		const buffer = new ArrayBuffer((byteLength + 7) & ~7);
		const bytes = new Uint8Array(buffer, 0, byteLength);
		this.#waiting.push(bytes);
		this.space = {
			bytes,
			int32: new Int32Array(buffer),
			float64: new Float64Array(buffer),
		};
		this.#isPrivate = true;
		return 0;
	}

	commit(): void {
		if (!this.#isPrivate && this.#writer.commit()) this.#port.postMessage(BELL);
	}

	post(message: Outgoing): void {
		this.#port.postMessage(message);
		if (!this.#isCore) return;
		Atomics.add(this.#sentToFront, 0, 1);
		Atomics.notify(this.#sentToFront, 0);
	}

	/** Takes the next message at once, for what a record refers to or a caller waits for. False: there is none. */
	receiveNow(): boolean {
		const { receiveMessageOnPort } = process.getBuiltinModule(
			"node:worker_threads",
		);
		const received = receiveMessageOnPort(this.#port) as
			| { readonly message: Incoming | typeof BELL }
			| undefined;
		if (received === undefined) return false;
		if (received.message === BELL) this.#readLater();
		else this.#events.message(received.message);
		return true;
	}

	/** At a front: blocks the thread until there is a message, and takes it. Only for what is asked seldom. */
	waitForMessage(): void {
		const sentCount = Atomics.load(this.#sentToFront, 0);
		if (this.receiveNow()) return;
		Atomics.wait(this.#sentToFront, 0, sentCount);
	}

	close(): void {
		if (this.#turn !== null) clearImmediate(this.#turn);
		this.#turn = null;
		this.#port.close();
	}

	readonly #received = (message: Incoming | typeof BELL): void => {
		if (message !== BELL) {
			this.#events.message(message);
			return;
		}
		this.#writeWaiting();
		this.#read();
	};

	#readLater(): void {
		this.#turn ??= setImmediate(this.#nextTurn);
	}

	readonly #nextTurn = (): void => {
		this.#turn = null;
		this.#writeWaiting();
		this.#read();
	};

	#read(): void {
		const reader = this.#reader;
		let count = 0;
		do {
			let at = reader.next();
			while (at >= 0) {
				try {
					this.#events.record(reader, at);
				} finally {
					reader.release();
				}
				if (++count === RECORDS_PER_TURN) {
					this.#tellRoom();
					this.#readLater();
					return;
				}
				at = reader.next();
			}
			this.#tellRoom();
		} while (!reader.sleep());
	}

	#tellRoom(): void {
		if (this.#reader.isRoomWanted()) this.#port.postMessage(BELL);
	}

	#writeWaiting(): void {
		let written = 0;
		for (const record of this.#waiting) {
			const at = this.#writer.reserve(record.byteLength);
			if (at < 0) break;
			this.#writer.bytes.set(record, at);
			if (this.#writer.commit()) this.#port.postMessage(BELL);
			written++;
		}
		if (written > 0) this.#waiting = this.#waiting.slice(written);
	}
}
