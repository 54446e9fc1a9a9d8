// Messages on their way to the thread that writes them, packed into one piece of memory that moves there.
//
//   │ channel u16 │ sequence u32 │ logTime u64 │ publishTime u64 │ length u32 │ bytes … │ next …
import type { RecordedMessage } from "./mcap-file.ts";

const HEAD_BYTES = 26;
const FIRST_BYTES = 64 * 1024;

export class MessageBatch {
	#bytes = new Uint8Array(FIRST_BYTES);
	#view = new DataView(this.#bytes.buffer);
	#end = 0;

	get byteLength(): number {
		return this.#end;
	}

	add({
		channelId,
		sequence,
		logTime,
		publishTime,
		data,
	}: RecordedMessage): void {
		this.#makeRoom(HEAD_BYTES + data.byteLength);
		const at = this.#end;
		this.#view.setUint16(at, channelId, true);
		this.#view.setUint32(at + 2, sequence, true);
		this.#view.setBigUint64(at + 6, logTime, true);
		this.#view.setBigUint64(at + 14, publishTime, true);
		this.#view.setUint32(at + 22, data.byteLength, true);
		this.#bytes.set(data, at + HEAD_BYTES);
		this.#end = at + HEAD_BYTES + data.byteLength;
	}

	/** The caller's to move; the batch begins anew. */
	take(): Uint8Array<ArrayBuffer> {
		const taken = this.#bytes.subarray(0, this.#end);
		this.#bytes = new Uint8Array(FIRST_BYTES);
		this.#view = new DataView(this.#bytes.buffer);
		this.#end = 0;
		return taken;
	}

	#makeRoom(byteLength: number): void {
		const needed = this.#end + byteLength;
		if (needed <= this.#bytes.byteLength) return;
		const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.byteLength));
		larger.set(this.#bytes.subarray(0, this.#end));
		this.#bytes = larger;
		this.#view = new DataView(larger.buffer);
	}
}

/** Views on `batch`. */
export function* messagesOf(batch: Uint8Array): Generator<RecordedMessage> {
	const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
	for (let at = 0; at < batch.byteLength; ) {
		const length = view.getUint32(at + 22, true);
		const from = at + HEAD_BYTES;
		yield {
			channelId: view.getUint16(at, true),
			sequence: view.getUint32(at + 2, true),
			logTime: view.getBigUint64(at + 6, true),
			publishTime: view.getBigUint64(at + 14, true),
			data: batch.subarray(from, from + length),
		};
		at = from + length;
	}
}
