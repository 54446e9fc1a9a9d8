// How much the client may send, on each stream and on the whole connection (RFC 9113, 5.2 and 6.9).
//
// While streams are narrow they begin with so little window that a request can be refused before its body was sent.
// Whoever is wanted is widened, which costs its client a round trip. The switch is a SETTINGS frame:
//
//   our SETTINGS ─▶ the client changes the windows of all its streams ─▶ its acknowledgement ─▶ they shrink here
//
// What arrives before the acknowledgement may have been sent by the old window. Growth is granted at once.
import { flowControlError } from "./connection-error.ts";
import type { ConnectionLimits } from "./limits.ts";
import type { Sender } from "./sender.ts";
import type { H2Stream } from "./stream.ts";
import type { StreamTable } from "./stream-table.ts";

export class ReceiveWindows {
	readonly #sender: Sender;
	readonly #streams: StreamTable;
	readonly #limits: ConnectionLimits;
	#isNarrow: boolean;
	/** Of a stream that the client opens now, as far as it has told. */
	#initialBytes: number;
	/** What each of our SETTINGS that is not acknowledged yet takes from every window, oldest first. */
	readonly #shrinks: number[];
	/** Of the connection. */
	#window: number;
	#unreturnedBytes = 0;

	constructor(
		sender: Sender,
		streams: StreamTable,
		limits: ConnectionLimits,
		isNarrow: boolean,
	) {
		this.#sender = sender;
		this.#streams = streams;
		this.#limits = limits;
		this.#isNarrow = isNarrow;
		this.#initialBytes = limits.streamWindowBytes;
		this.#shrinks = [isNarrow ? this.#stepBytes : 0];
		this.#window = limits.connectionWindowBytes;
	}

	/** Sends our first SETTINGS. */
	announce(): void {
		this.#sender.ourSettings(this.#announcedBytes);
	}

	/** What the client was told last. */
	get #announcedBytes(): number {
		const { narrowWindowBytes, streamWindowBytes } = this.#limits;
		return this.#isNarrow ? narrowWindowBytes : streamWindowBytes;
	}

	get #stepBytes(): number {
		return this.#limits.streamWindowBytes - this.#limits.narrowWindowBytes;
	}

	/** Tells the client, where it is a change. Those who are wanted stay as wide as they were. */
	setNarrow(isNarrow: boolean): void {
		if (isNarrow === this.#isNarrow) return;
		this.#isNarrow = isNarrow;
		this.#sender.initialWindow(this.#announcedBytes);
		this.#shrinks.push(isNarrow ? this.#stepBytes : 0);
		if (!isNarrow) this.#changeAll(this.#stepBytes);
		else
			for (const stream of this.#streams.open.inOrder()) {
				if (stream.isWanted) this.#widen(stream);
				else if (!stream.creditPaused) this.returnStreamCredit(stream);
			}
	}

	/** False: we sent no SETTINGS that were not acknowledged before. */
	settingsAcknowledged(): boolean {
		const shrinkBytes = this.#shrinks.shift();
		if (shrinkBytes === undefined) return false;
		if (shrinkBytes > 0) this.#changeAll(-shrinkBytes);
		return true;
	}

	#changeAll(byBytes: number): void {
		this.#initialBytes += byBytes;
		for (const stream of this.#streams.open.inOrder())
			stream.receiveWindow += byBytes;
	}

	opened(stream: H2Stream): void {
		stream.receiveWindow = this.#initialBytes;
	}

	/** The stream's body is wanted, however large it is. */
	want(stream: H2Stream): void {
		if (stream.isWanted) return;
		stream.isWanted = true;
		if (this.#isNarrow) this.#widen(stream);
	}

	/** Once in its life: a stream that outlives several changes keeps what it got. */
	#widen(stream: H2Stream): void {
		if (stream.isWide || stream.remoteClosed || stream.localClosed) return;
		stream.isWide = true;
		stream.receiveWindow += this.#stepBytes;
		this.#sender.windowUpdate(stream.id, this.#stepBytes);
	}

	/** Bytes of any stream, wanted or not. Throws ConnectionError. */
	receivedOnConnection(byteLength: number): void {
		this.#window -= byteLength;
		if (this.#window < 0)
			throw flowControlError("the connection's window is exceeded");
		this.#unreturnedBytes += byteLength;
	}

	/** False: the client has sent more than it may. */
	receivedOnStream(stream: H2Stream, byteLength: number): boolean {
		stream.receiveWindow -= byteLength;
		if (stream.receiveWindow < 0) return false;
		stream.unreturnedBytes += byteLength;
		return true;
	}

	/** Returns connection credit for what was read, in steps of a quarter window. */
	returnCredit(): void {
		const bytes = this.#unreturnedBytes;
		if (bytes < this.#limits.connectionWindowBytes / 4) return;
		this.#unreturnedBytes = 0;
		this.#window += bytes;
		this.#sender.windowUpdate(0, bytes);
	}

	/** Returns credit for what the stream's consumer has taken, in steps of half a window. */
	returnStreamCredit(stream: H2Stream): void {
		const bytes = stream.unreturnedBytes;
		const isOver = stream.remoteClosed || stream.localClosed;
		const windowBytes = stream.isWide
			? this.#limits.streamWindowBytes
			: this.#announcedBytes;
		if (bytes < windowBytes / 2 || isOver) return;
		stream.unreturnedBytes = 0;
		stream.receiveWindow += bytes;
		this.#sender.windowUpdate(stream.id, bytes);
	}
}
