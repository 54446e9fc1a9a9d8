// A head through scanner and parser, as a connection reads it, from pieces of any size.
import { type Head, parseHead } from "../fast/head.ts";
import { FOREIGN, HeadScanner, MORE } from "../fast/head-scanner.ts";

export type HeadVerdict =
	| { readonly kind: "head"; readonly head: Head; readonly byteLength: number }
	/** Not for this parser. */
	| { readonly kind: "foreign" }
	| { readonly kind: "more" };

/** @param cuts where the bytes are cut into reads */
export function readHead(
	bytes: Buffer,
	cuts: readonly number[] = [],
): HeadVerdict {
	const scanner = new HeadScanner();
	const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length];
	let start = 0;
	for (const end of ends.sort((a, b) => a - b)) {
		const headEnd = scanner.scan(bytes, start, end);
		start = end;
		if (headEnd === MORE) continue;
		if (headEnd === FOREIGN) return { kind: "foreign" };
		const head = parseHead(bytes, 0, headEnd);
		return head === null
			? { kind: "foreign" }
			: { kind: "head", head, byteLength: headEnd };
	}
	return { kind: "more" };
}
