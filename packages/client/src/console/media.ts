// Pictures and clouds as a console is told them.
import type { MediaHead } from "@saccade/protocol/console";

/** Views of the message. Throws SyntaxError or RangeError for what is none. */
export function decodeMedia(message: ArrayBuffer): {
	readonly head: MediaHead;
	readonly bytes: Uint8Array<ArrayBuffer>;
} {
	const headBytes = new DataView(message).getUint32(0, true);
	if (4 + headBytes > message.byteLength)
		throw new RangeError(
			`a head of ${headBytes} bytes in a message of ${message.byteLength}`,
		);
	const text = new TextDecoder().decode(new Uint8Array(message, 4, headBytes));
	return {
		head: JSON.parse(text) as MediaHead,
		bytes: new Uint8Array(message, 4 + headBytes),
	};
}
