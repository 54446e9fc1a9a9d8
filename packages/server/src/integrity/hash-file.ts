// The content of a file, taken once: read in pieces, hashed, and copied where it is wanted. Waits for the disk.
import { createHash } from "node:crypto";
import {
	closeSync,
	constants,
	fstatSync,
	mkdirSync,
	openSync,
	readSync,
	writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { FileFact } from "./manifest.ts";

const PIECE_BYTES = 1024 * 1024;

/**
 * Nobody can change the copy between its hash and its use: the hash is over the bytes that were written to it.
 * @param copy a path that is not there yet; null: none is made
 * @param maxBytes reading stops beyond it
 * @throws what the system says, and Error for what is no plain file
 */
export function hashFile(
	path: string,
	copy: string | null,
	maxBytes: number = Number.POSITIVE_INFINITY,
): FileFact {
	// A pipe would wait for its writer.
	const source = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	let target: number | null = null;
	try {
		if (!fstatSync(source).isFile()) throw new Error("it is no plain file");
		if (copy !== null) {
			mkdirSync(dirname(copy), { recursive: true, mode: 0o700 });
			target = openSync(copy, "wx", 0o400);
		}
		const hash = createHash("sha256");
		const piece = Buffer.allocUnsafe(PIECE_BYTES);
		let bytes = 0;
		while (bytes <= maxBytes) {
			const count = readSync(source, piece);
			if (count === 0) break;
			const read = piece.subarray(0, count);
			hash.update(read);
			if (target !== null) writeAll(target, read);
			bytes += count;
		}
		return { sha256: hash.digest("hex"), bytes };
	} finally {
		closeSync(source);
		if (target !== null) closeSync(target);
	}
}

function writeAll(file: number, bytes: Uint8Array): void {
	for (let at = 0; at < bytes.byteLength; )
		at += writeSync(file, bytes, at, bytes.byteLength - at);
}
