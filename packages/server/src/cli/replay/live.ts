// Readings of a recording, sent to a running server through its public streams at the pace at which they came. Their
// timestamps are moved to now, so that deadlines mean what they meant.
import { once } from "node:events";
import { type ClientHttp2Stream, connect } from "node:http2";
import { setTimeout as after } from "node:timers/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { OUTCOMES } from "@saccade/protocol";
import {
	ControlCommandSchema,
	SensorReadingSchema,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { JournalEvent } from "../../streams/journal.ts";
import { readRecording } from "../../wire/recording/recording-reader.ts";
import { openMessage, wireReading } from "../../wire/recording/to-wire.ts";

export interface LiveReplay {
	readonly streamCount: number;
	readonly readingCount: number;
	readonly seconds: number;
	readonly outcomes: Readonly<Record<string, number>>;
}

const PATH = "/saccade.v1.SensorPipeline/StreamTelemetry";

/** Throws what the file or the connection throws. */
export async function replayLive(
	file: string,
	url: string,
): Promise<LiveReplay> {
	const session = connect(`http://${url.replace(/^http:\/\//, "")}`);
	const broken = once(session, "error").then(([error]) => {
		throw error;
	});
	try {
		return await Promise.race([play(file, session), broken]);
	} finally {
		session.close();
		broken.catch(() => {});
	}
}

async function play(
	file: string,
	session: ReturnType<typeof connect>,
): Promise<LiveReplay> {
	const streams = new Map<string, LiveStream>();
	const startMs = performance.now();
	let firstUs: number | null = null;
	/** Timestamps move by so much; of streams on the host's own clock by that clock's distance, too. */
	let movedNs = 0n;
	let hostOffsetUs = 0;
	let readingCount = 0;
	for (const item of readRecording(file)) {
		if (item.kind === "header") hostOffsetUs = item.header.hostOffsetUs;
		if (item.kind !== "turn") continue;
		for (const event of item.turn.events) {
			if (event.kind === "open") {
				const stream = session.request({
					":method": "POST",
					":path": PATH,
					"content-type": "application/grpc",
					te: "trailers",
				});
				streams.set(event.streamId, new LiveStream(stream, event));
				continue;
			}
			if (event.kind !== "reading") continue;
			const { receivedUs, timestampNs } = event.reading;
			if (firstUs === null) {
				firstUs = receivedUs;
				movedNs = process.hrtime.bigint() - ns(receivedUs - hostOffsetUs);
			}
			const waitMs =
				startMs + (receivedUs - firstUs) / 1000 - performance.now();
			if (waitMs > 1) await after(waitMs);
			readingCount++;
			const message = wireReading({
				...event.reading,
				timestampNs: timestampNs + movedNs,
			});
			streams.get(event.streamId)?.send(toBinary(SensorReadingSchema, message));
		}
	}
	const outcomes: Record<string, number> = {};
	for (const stream of streams.values())
		for (const [name, count] of await stream.end())
			outcomes[name] = (outcomes[name] ?? 0) + count;
	const seconds = (performance.now() - startMs) / 1000;
	return { streamCount: streams.size, readingCount, seconds, outcomes };
}

class LiveStream {
	readonly #stream: ClientHttp2Stream;
	readonly #outcomes = new Map<string, number>();
	readonly #ended: Promise<unknown>;
	#rest: Buffer = Buffer.alloc(0);

	constructor(
		stream: ClientHttp2Stream,
		event: Extract<JournalEvent, { kind: "open" }>,
	) {
		this.#stream = stream;
		this.#ended = once(stream, "end");
		stream.on("data", (bytes: Buffer) => this.#heard(bytes));
		const open = openMessage(event.request);
		const message = create(SensorReadingSchema, {
			content: { case: "open", value: open },
		});
		this.send(toBinary(SensorReadingSchema, message));
	}

	send(message: Uint8Array): void {
		const prefix = Buffer.alloc(5);
		prefix.writeUInt32BE(message.byteLength, 1);
		this.#stream.write(Buffer.concat([prefix, message]));
	}

	async end(): Promise<ReadonlyMap<string, number>> {
		this.#stream.end();
		await this.#ended;
		return this.#outcomes;
	}

	#heard(bytes: Buffer): void {
		let rest = Buffer.concat([this.#rest, bytes]);
		while (rest.byteLength >= 5) {
			const end = 5 + rest.readUInt32BE(1);
			if (rest.byteLength < end) break;
			const command = fromBinary(ControlCommandSchema, rest.subarray(5, end));
			for (const { outcome } of command.outcomes) {
				const name = OUTCOMES[outcome - 1] ?? "UNSPECIFIED";
				this.#outcomes.set(name, (this.#outcomes.get(name) ?? 0) + 1);
			}
			rest = rest.subarray(end);
		}
		this.#rest = rest;
	}
}

function ns(us: number): bigint {
	return BigInt(Math.round(us * 1000));
}
