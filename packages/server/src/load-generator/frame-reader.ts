// HTTP/2 frames out of what a socket reads, whole frames at a time.

const FRAME_HEADER_BYTES = 9;

/** @param payload valid until the callback returns */
export type OnFrame = (
	type: number,
	flags: number,
	streamId: number,
	payload: Buffer,
) => void;

export class FrameReader {
	readonly #onFrame: OnFrame;
	#carry: Buffer = Buffer.alloc(0);

	constructor(onFrame: OnFrame) {
		this.#onFrame = onFrame;
	}

	/** @param chunk may be overwritten afterwards: what is left of it is copied */
	read(chunk: Buffer): void {
		let bytes = chunk;
		if (this.#carry.length > 0) bytes = Buffer.concat([this.#carry, chunk]);
		let offset = 0;
		while (bytes.length - offset >= FRAME_HEADER_BYTES) {
			const end = offset + FRAME_HEADER_BYTES + bytes.readUIntBE(offset, 3);
			if (bytes.length < end) break;
			this.#onFrame(
				bytes[offset + 3]!,
				bytes[offset + 4]!,
				bytes.readUInt32BE(offset + 5) & 0x7fff_ffff,
				bytes.subarray(offset + FRAME_HEADER_BYTES, end),
			);
			offset = end;
		}
		this.#carry = Buffer.from(bytes.subarray(offset));
	}
}
