// HPACK encoding without state: literal fields without indexing and no Huffman code, so there is nothing that
// could get out of step, and a block can be built once and sent for ever.

/** Encodes `fields` as literals without indexing (RFC 7541, 6.2.2); `:status` 200 takes one octet. */
export function encodeHeaders(
	fields: readonly (readonly [name: string, value: string])[],
): Buffer {
	const parts: Buffer[] = [];
	for (const [name, value] of fields) {
		if (name === ":status" && value === "200") {
			parts.push(STATUS_200);
			continue;
		}
		const nameBytes = Buffer.from(name, "latin1");
		const valueBytes = Buffer.from(value, "latin1");
		parts.push(
			LITERAL_NEW_NAME,
			encodeLength(nameBytes.length),
			nameBytes,
			encodeLength(valueBytes.length),
			valueBytes,
		);
	}
	return Buffer.concat(parts);
}

const STATUS_200 = Buffer.from([0x88]);
const LITERAL_NEW_NAME = Buffer.from([0x00]);

/** A string length with a 7-bit prefix, Huffman flag clear (RFC 7541, 5.1). */
function encodeLength(length: number): Buffer {
	if (length < 0x7f) return Buffer.from([length]);
	const octets = [0x7f];
	let rest = length - 0x7f;
	while (rest >= 0x80) {
		octets.push((rest & 0x7f) | 0x80);
		rest >>>= 7;
	}
	octets.push(rest);
	return Buffer.from(octets);
}
