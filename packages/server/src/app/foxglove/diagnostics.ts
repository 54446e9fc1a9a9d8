// How the streams fare, once a second, for viewers: read from the shared ring of results, which costs streams nothing.
import type { Channel, FoxgloveServer } from "@saccade/foxglove";
import type { Outcome } from "@saccade/protocol";
import { decodeResult } from "../../streams/result-record.ts";
import { ResultRingReader } from "../../streams/result-ring.ts";
import type { StreamSet } from "../../streams/stream-set.ts";
import { jsonChannel } from "../../wire/recording/schemas.ts";
import { asFoxglove } from "./stream-feed.ts";

const SPEC = jsonChannel("/saccade/diagnostics", "saccade.Diagnostics", {
	streams: {
		type: "array",
		items: {
			type: "object",
			properties: {
				id: { type: "string" },
				name: { type: "string" },
				pipeline: { type: "string" },
				/** Since the last message. */
				outcomes: { type: "object" },
				age_ms_p50: { type: "number" },
				age_ms_max: { type: "number" },
				waiting: { type: "integer" },
				running: { type: "integer" },
				action: { type: "string" },
			},
		},
	},
	/** Results that came too fast to be counted, and messages that viewers lost. */
	results_lost: { type: "integer" },
	messages_lost: { type: "integer" },
});

interface Second {
	readonly outcomes: Partial<Record<Outcome, number>>;
	readonly agesMs: number[];
	action: string;
}

export class Diagnostics {
	readonly #server: FoxgloveServer;
	readonly #streams: Pick<StreamSet, "follow" | "streams">;
	readonly #channel: Channel;
	/** Null until somebody watches. */
	#reader: ResultRingReader | null = null;

	constructor(
		server: FoxgloveServer,
		streams: Pick<StreamSet, "follow" | "streams">,
	) {
		this.#server = server;
		this.#streams = streams;
		this.#channel = server.addChannel(asFoxglove(SPEC));
	}

	/** Called once a second. */
	tick(atNs: bigint): void {
		if (!this.#channel.isWatched) {
			this.#reader = null;
			return;
		}
		this.#reader ??= new ResultRingReader(this.#streams.follow());
		const seconds = readAll(this.#reader);
		const message = {
			streams: this.#streams.streams.slice(0, 100).map((stream) => {
				const second = seconds.get(stream.id);
				const agesMs = second?.agesMs.sort((a, b) => a - b) ?? [];
				return {
					id: stream.id,
					name: stream.request.name,
					pipeline: stream.pipelineName,
					outcomes: second?.outcomes ?? {},
					age_ms_p50: agesMs[agesMs.length >> 1] ?? null,
					age_ms_max: agesMs.at(-1) ?? null,
					waiting: stream.waitingCount,
					running: stream.runningCount,
					action: second?.action ?? "",
				};
			}),
			results_lost: this.#reader.lostCount,
			messages_lost: this.#server.stats().lostCount,
		};
		this.#channel.publish(
			atNs,
			new TextEncoder().encode(JSON.stringify(message)),
		);
	}
}

function readAll(reader: ResultRingReader): Map<string, Second> {
	const seconds = new Map<string, Second>();
	for (let bytes = reader.read(); bytes !== null; bytes = reader.read()) {
		const { streamId, outcome, ageUs, action } = decodeResult(bytes);
		const second = seconds.get(streamId) ?? {
			outcomes: {},
			agesMs: [],
			action: "",
		};
		seconds.set(streamId, second);
		second.outcomes[outcome] = (second.outcomes[outcome] ?? 0) + 1;
		if (outcome === "RESULT") second.agesMs.push(ageUs / 1000);
		if (action !== "") second.action = action;
	}
	return seconds;
}
