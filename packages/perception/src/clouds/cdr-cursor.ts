// Reads the CDR bytes of a ROS 2 message in place: little-endian, every number aligned to its own size, counted from
// the end of the 4-byte head. https://www.omg.org/spec/DDSI-RTPS/2.5/PDF (10.2), https://design.ros2.org/articles/generated_interfaces_cpp.html
import { assertBytes, PointCloudError } from "./point-cloud-error.ts";
import { readName } from "./utf8.ts";

export const CDR_HEAD_BYTES = 4;
/** Second byte of the head of plain little-endian CDR. */
export const CDR_LITTLE_ENDIAN = 1;

export class CdrCursor {
	/** From the start of the bytes. */
	at = 0;
	#bytes: Uint8Array = new Uint8Array(0);
	#view: DataView = new DataView(this.#bytes.buffer);

	/** `view` is over all of `bytes.buffer`. @throws PointCloudError unless the head says little-endian CDR. */
	reset(bytes: Uint8Array, view: DataView): void {
		this.#bytes = bytes;
		this.#view = view;
		this.at = CDR_HEAD_BYTES;
		assertBytes("the head of CDR", 0, CDR_HEAD_BYTES, bytes.length);
		const encoding = 256 * bytes[0]! + bytes[1]!;
		if (encoding !== CDR_LITTLE_ENDIAN)
			throw new PointCloudError(
				"unsupported",
				`CDR encoding ${encoding} where ${CDR_LITTLE_ENDIAN} (plain, little-endian) is read`,
				encoding,
				CDR_LITTLE_ENDIAN,
			);
	}

	get leftBytes(): number {
		return this.#bytes.length - this.at;
	}

	byte(what: string): number {
		assertBytes(what, this.at, 1, this.#bytes.length);
		return this.#bytes[this.at++]!;
	}

	bool(what: string): boolean {
		const value = this.byte(what);
		if (value > 1)
			throw new PointCloudError(
				"malformed",
				`${what} is ${value} at offset ${this.at - 1} where a bool is 0 or 1`,
				value,
				1,
			);
		return value === 1;
	}

	uint32(what: string): number {
		// The head has 4 bytes too, so alignment to 4 is the same with and without it.
		const at = (this.at + 3) & ~3;
		assertBytes(what, at, 4, this.#bytes.length);
		this.at = at + 4;
		return this.#view.getUint32(this.#bytes.byteOffset + at, true);
	}

	/** A length, then the text and its zero byte. Some writers give an empty text no zero byte. */
	text(what: string, previous: string): string {
		const length = this.uint32(what);
		assertBytes(what, this.at, length, this.#bytes.length);
		const at = this.at;
		this.at += length;
		if (length === 0) return "";
		if (this.#bytes[this.at - 1] !== 0)
			throw new PointCloudError(
				"malformed",
				`${what} of ${length} bytes does not end with a zero byte`,
				this.#bytes[this.at - 1]!,
				0,
			);
		return readName(this.#bytes, at, length - 1, previous);
	}

	/** Skips `length` bytes and says where they begin. */
	take(what: string, length: number): number {
		assertBytes(what, this.at, length, this.#bytes.length);
		this.at += length;
		return this.at - length;
	}
}
