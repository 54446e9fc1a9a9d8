// Ids of traces and spans: random, taken from a block of random bytes, since asking for a few bytes at a time costs
// more than everything else that is done for a span.
const BLOCK_BYTES = 4096;
const TRACE_BYTES = 16;
const SPAN_BYTES = 8;

const NONE = "0".repeat(2 * TRACE_BYTES);

let block: Buffer | null = null;
let at = BLOCK_BYTES;

export function newTraceId(): string {
	return take(TRACE_BYTES);
}

export function newSpanId(): string {
	return take(SPAN_BYTES);
}

function take(byteLength: number): string {
	if (at + byteLength > BLOCK_BYTES) refill();
	const hex = block!.toString("hex", at, at + byteLength);
	at += byteLength;
	// All zero means that there is none.
	return hex === NONE.slice(0, hex.length) ? take(byteLength) : hex;
}

function refill(): void {
	const { randomFillSync } = process.getBuiltinModule("node:crypto");
	block ??= Buffer.allocUnsafe(BLOCK_BYTES);
	randomFillSync(block);
	at = 0;
}
