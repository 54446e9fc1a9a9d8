// Reads an MCAP file front to back, as it was written: it needs no summary, so a file whose writer was killed is read up
// to its last whole chunk.
import { closeSync, openSync, readSync } from "node:fs";
import { hasMcapPrefix, McapStreamReader, type McapTypes } from "@mcap/core";
import { SaccadeError } from "../errors/saccade-error.ts";

export interface ReadMessage {
	readonly topic: string;
	/** Empty: the channel has none. */
	readonly schemaName: string;
	readonly messageEncoding: string;
	readonly logTime: bigint;
	readonly publishTime: bigint;
	readonly data: Uint8Array;
}

const READ_BYTES = 1024 * 1024;

/** Yields messages in the order of the file; returns whether it is whole. Throws NOT_FOUND, MALFORMED or UNSUPPORTED. */
export function* readMcap(path: string): Generator<ReadMessage, boolean> {
	const fd = open(path);
	try {
		const reader = new McapStreamReader();
		const channels = new Map<number, McapTypes.Channel>();
		const schemas = new Map<number, McapTypes.Schema>();
		const piece = new Uint8Array(READ_BYTES);
		for (let isFirst = true; ; isFirst = false) {
			const length = readSync(fd, piece);
			if (isFirst && !hasMcapPrefix(new DataView(piece.buffer, 0, length)))
				throw malformed(path, "it does not begin as an MCAP file");
			if (length === 0 || reader.done()) return reader.done();
			reader.append(piece.subarray(0, length));
			for (;;) {
				const record = next(reader, path);
				if (record === undefined) break;
				if (record.type === "Schema") schemas.set(record.id, record);
				else if (record.type === "Channel") channels.set(record.id, record);
				else if (record.type === "Message") {
					const channel = channels.get(record.channelId);
					if (channel === undefined)
						throw malformed(
							path,
							`a message of channel ${record.channelId}, which is not described`,
						);
					yield {
						topic: channel.topic,
						schemaName: schemas.get(channel.schemaId)?.name ?? "",
						messageEncoding: channel.messageEncoding,
						logTime: record.logTime,
						publishTime: record.publishTime,
						data: record.data,
					};
				}
			}
		}
	} finally {
		closeSync(fd);
	}
}

function next(reader: McapStreamReader, path: string) {
	try {
		return reader.nextRecord();
	} catch (error) {
		throw malformed(
			path,
			error instanceof Error ? error.message : String(error),
		);
	}
}

function open(path: string): number {
	try {
		return openSync(path, "r");
	} catch (error) {
		const text = error instanceof Error ? error.message : String(error);
		throw new SaccadeError(
			"NOT_FOUND",
			`the recording cannot be read: ${text}`,
		);
	}
}

function malformed(path: string, what: string): SaccadeError {
	return new SaccadeError("MALFORMED", `${path} is no recording: ${what}`);
}
