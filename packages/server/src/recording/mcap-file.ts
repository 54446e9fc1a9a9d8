// One MCAP file, written front to back by whoever owns the descriptor. What was flushed is a whole chunk: after a crash a
// reader gets everything up to the last of them. https://mcap.dev/spec
//
//   magic │ header │ chunk, its indexes │ chunk, its indexes │ … │ data end │ summary │ footer │ magic
//                    └ schemas and channels are in the chunk that first uses them
import { writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import {
	McapChunkBuilder,
	McapRecordBuilder,
	type McapTypes,
} from "@mcap/core";

/** What messages of a channel are, for readers that know nothing of it. */
export interface ChannelSpec {
	readonly topic: string;
	readonly messageEncoding: "protobuf" | "json" | "cdr";
	readonly schemaName: string;
	readonly schemaEncoding: "protobuf" | "jsonschema" | "ros2msg";
	readonly schema: Uint8Array;
}

export type RecordedMessage = McapTypes.Message;

/** Work that is lost with the process at most. */
const CHUNK_BYTES = 1024 * 1024;

export class McapFile {
	readonly #fd: number;
	readonly #records = new McapRecordBuilder();
	readonly #chunk = new McapChunkBuilder({});
	readonly #schemas = new Map<string, McapTypes.Schema>();
	readonly #channels = new Map<number, McapTypes.Channel>();
	readonly #writtenSchemas = new Set<number>();
	readonly #writtenChannels = new Set<number>();
	readonly #chunkIndexes: McapTypes.ChunkIndex[] = [];
	readonly #counts = new Map<number, bigint>();
	#messageCount = 0n;
	#startTime: bigint | null = null;
	#endTime = 0n;
	#byteLength = 0;

	/** Throws what the system says. @param fd of an empty file; the caller closes it */
	constructor(fd: number, library: string) {
		this.#fd = fd;
		this.#records.writeMagic();
		this.#records.writeHeader({ profile: "", library });
		this.#write();
	}

	/** Of the file; what waits for its chunk is not in it yet. */
	get byteLength(): number {
		return this.#byteLength;
	}

	get hasUnwritten(): boolean {
		return this.#chunk.numMessages > 0;
	}

	addChannel(id: number, spec: ChannelSpec): void {
		const key = `${spec.schemaEncoding} ${spec.schemaName}`;
		let schema = this.#schemas.get(key);
		if (schema === undefined) {
			schema = {
				id: this.#schemas.size + 1,
				name: spec.schemaName,
				encoding: spec.schemaEncoding,
				data: spec.schema,
			};
			this.#schemas.set(key, schema);
		}
		const { topic, messageEncoding } = spec;
		const metadata = new Map<string, string>();
		this.#channels.set(id, {
			id,
			schemaId: schema.id,
			topic,
			messageEncoding,
			metadata,
		});
	}

	addMessage(message: RecordedMessage): void {
		this.#introduce(message.channelId);
		this.#chunk.addMessage(message);
		const count = this.#counts.get(message.channelId) ?? 0n;
		this.#counts.set(message.channelId, count + 1n);
		this.#messageCount++;
		const { logTime } = message;
		if (this.#startTime === null || logTime < this.#startTime)
			this.#startTime = logTime;
		if (logTime > this.#endTime) this.#endTime = logTime;
		if (this.#chunk.byteLength > CHUNK_BYTES) this.flush();
	}

	/** Ends the chunk. Throws what the system says: then the file ends with the chunk before. */
	flush(): void {
		const chunk = this.#chunk;
		if (chunk.numMessages === 0) return;
		const { messageStartTime, messageEndTime, buffer } = chunk;
		const uncompressedSize = BigInt(buffer.byteLength);
		const chunkStartOffset = BigInt(this.#byteLength);
		const chunkLength = this.#records.writeChunk({
			messageStartTime,
			messageEndTime,
			uncompressedSize,
			uncompressedCrc: crc32(buffer),
			compression: "",
			records: buffer,
		});
		const indexStart = chunkStartOffset + chunkLength;
		const messageIndexOffsets = new Map<number, bigint>();
		let messageIndexLength = 0n;
		for (const index of chunk.indices) {
			messageIndexOffsets.set(index.channelId, indexStart + messageIndexLength);
			messageIndexLength += this.#records.writeMessageIndex(index);
		}
		this.#write();
		this.#chunkIndexes.push({
			messageStartTime,
			messageEndTime,
			chunkStartOffset,
			chunkLength,
			messageIndexOffsets,
			messageIndexLength,
			compression: "",
			compressedSize: uncompressedSize,
			uncompressedSize,
		});
		chunk.reset();
	}

	/** The summary, with which readers can seek. */
	end(): void {
		this.flush();
		const records = this.#records;
		records.writeDataEnd({ dataSectionCrc: 0 });
		this.#write();
		const summaryStart = BigInt(this.#byteLength);
		for (const schema of this.#schemas.values()) records.writeSchema(schema);
		for (const channel of this.#channels.values())
			records.writeChannel(channel);
		records.writeStatistics(this.#statistics());
		for (const index of this.#chunkIndexes) records.writeChunkIndex(index);
		records.writeFooter({
			summaryStart,
			summaryOffsetStart: 0n,
			summaryCrc: 0,
		});
		records.writeMagic();
		this.#write();
	}

	#introduce(channelId: number): void {
		if (this.#writtenChannels.has(channelId)) return;
		const channel = this.#channels.get(channelId)!;
		this.#writtenChannels.add(channelId);
		if (!this.#writtenSchemas.has(channel.schemaId)) {
			this.#writtenSchemas.add(channel.schemaId);
			for (const schema of this.#schemas.values())
				if (schema.id === channel.schemaId) this.#chunk.addSchema(schema);
		}
		this.#chunk.addChannel(channel);
	}

	#statistics(): McapTypes.Statistics {
		return {
			messageCount: this.#messageCount,
			schemaCount: this.#schemas.size,
			channelCount: this.#channels.size,
			attachmentCount: 0,
			metadataCount: 0,
			chunkCount: this.#chunkIndexes.length,
			messageStartTime: this.#startTime ?? 0n,
			messageEndTime: this.#endTime,
			channelMessageCounts: this.#counts,
		};
	}

	/** What the builder has, whole: a short write is gone on with, and fails by itself when the disk is full. */
	#write(): void {
		const bytes = this.#records.buffer;
		for (let at = 0; at < bytes.byteLength; ) {
			const written = writeSync(this.#fd, bytes, at, bytes.byteLength - at);
			at += written;
			this.#byteLength += written;
		}
		this.#records.reset();
	}
}
