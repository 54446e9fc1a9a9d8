// The trailers with which a gRPC call ends, as header blocks that lean on no table.
import { HpackDecoder } from "@saccade/grpc";

const NO_TABLE_BYTES = 0;
const MAX_LIST_BYTES = 64 * 1024;

const hpack = new HpackDecoder(NO_TABLE_BYTES, MAX_LIST_BYTES);

/** → the value of a field by its name; null: there is none, or the block is malformed. */
export function readTrailers(block: Buffer): (name: string) => string | null {
	const fields = hpack.decode(block, 0, block.length);
	return (name) => {
		if (typeof fields === "string") return null;
		for (let at = 0; at < fields.length; at += 2)
			if (fields[at] === name) return fields[at + 1] ?? null;
		return null;
	};
}
