// HPACK encoding without state: literal fields without indexing and no Huffman code, so there is nothing that
// could get out of step, and a block can be built once and sent for ever.

type Field = readonly [name: string, value: string];

/** Octets before a literal's name and value: one that says so, and up to four of length each. */
const MOST_OVERHEAD_BYTES = 9;
const MAX_LENGTH = 0x7f + 2 ** 21 - 1;
const SHORT_LENGTH = 64;
const STATUS_200 = 0x88;
const LITERAL_NEW_NAME = 0x00;

/**
 * Encodes `fields` as literals without indexing (RFC 7541, 6.2.2), one octet for each of their characters; `:status`
 * 200 takes one octet. Throws RangeError for a field of 2 MiB or more.
 */
export function encodeHeaders(fields: readonly Field[]): Buffer {
	let mostBytes = 0;
	for (const [name, value] of fields)
		mostBytes += MOST_OVERHEAD_BYTES + name.length + value.length;
	const block = Buffer.allocUnsafe(mostBytes);
	let at = 0;
	for (const [name, value] of fields) {
		if (name === ":status" && value === "200") {
			block[at++] = STATUS_200;
			continue;
		}
		block[at++] = LITERAL_NEW_NAME;
		at = writeString(block, at, name);
		at = writeString(block, at, value);
	}
	return block.subarray(0, at);
}

/** Without Huffman code: its length with a 7-bit prefix (RFC 7541, 5.1), then its characters. */
function writeString(block: Buffer, start: number, text: string): number {
	const { length } = text;
	if (length > MAX_LENGTH)
		throw new RangeError(`a header field of ${length} characters`);
	let at = start;
	if (length < 0x7f) block[at++] = length;
	else {
		block[at++] = 0x7f;
		let rest = length - 0x7f;
		for (; rest >= 0x80; rest >>>= 7) block[at++] = (rest & 0x7f) | 0x80;
		block[at++] = rest;
	}
	// A call into native code costs more than writing a short text, and most are short.
	if (length > SHORT_LENGTH) return at + block.write(text, at, "latin1");
	for (let i = 0; i < length; i++) block[at++] = text.charCodeAt(i);
	return at;
}
