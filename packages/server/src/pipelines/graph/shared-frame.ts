// A frame for another thread: its bytes are copied once, into memory that both threads see and the next frame uses again.
import type { Frame, FramePayload } from "../frame.ts";

export class SharedFrame {
	#memory = new SharedArrayBuffer(0);

	/** Valid until the next. */
	copyOf(frame: Frame): Frame {
		const { payload } = frame;
		return {
			deviceId: frame.deviceId,
			timestampNs: frame.timestampNs,
			sequence: frame.sequence,
			value: frame.value,
			frameId: frame.frameId,
			measuredUs: frame.measuredUs,
			receivedUs: frame.receivedUs,
			deadlineUs: frame.deadlineUs,
			payload: payload === null ? null : this.#payload(payload),
		};
	}

	#payload(payload: FramePayload): FramePayload {
		switch (payload.kind) {
			case "image":
			case "cloud":
				return { ...payload, bytes: this.#bytes(payload.bytes) };
			case "tensors":
				// Each is asked for by itself.
				return { kind: "tensors", tensors: [] };
			case "imu":
				return payload;
		}
	}

	#bytes(bytes: Uint8Array): Uint8Array {
		if (this.#memory.byteLength < bytes.length)
			this.#memory = new SharedArrayBuffer(bytes.length);
		const shared = new Uint8Array(this.#memory, 0, bytes.length);
		shared.set(bytes);
		return shared;
	}
}
