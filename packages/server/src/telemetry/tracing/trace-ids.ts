// Ids of traces and spans: random, cut from one text of random digits, since asking for a few bytes at a time costs
// more than everything else that is done for a span.
const BLOCK_BYTES = 1024;
const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;

const NONE = "0".repeat(TRACE_DIGITS);

let block: Buffer | null = null;
let digits = "";
let at = 0;

export function newTraceId(): string {
	return take(TRACE_DIGITS);
}

export function newSpanId(): string {
	return take(SPAN_DIGITS);
}

function take(digitCount: number): string {
	if (at + digitCount > digits.length) refill();
	const id = digits.slice(at, at + digitCount);
	at += digitCount;
	// All zero means that there is none.
	return NONE.startsWith(id) ? take(digitCount) : id;
}

function refill(): void {
	const { randomFillSync } = process.getBuiltinModule("node:crypto");
	block ??= Buffer.allocUnsafe(BLOCK_BYTES);
	digits = randomFillSync(block).toString("hex");
	at = 0;
}
