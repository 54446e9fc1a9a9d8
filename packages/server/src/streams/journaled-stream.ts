// A stream that tells the journal what its client says, before the stream hears it.
import type { PipelineFacts } from "../pipelines/graph/pipeline-facts.ts";
import type { QosProfile } from "../pipelines/qos-profile.ts";
import type { Journal } from "./journal.ts";
import type { QosOffer } from "./qos.ts";
import type {
	ClockExchange,
	Credit,
	Reading,
	SensorStream,
	StreamRequest,
	StreamTotals,
} from "./stream.ts";

export class JournaledStream implements SensorStream {
	readonly id: string;
	readonly request: StreamRequest;
	readonly pipelineName: string;
	readonly #stream: SensorStream;
	readonly #journal: Journal;

	constructor(stream: SensorStream, journal: Journal) {
		this.id = stream.id;
		this.request = stream.request;
		this.pipelineName = stream.pipelineName;
		this.#stream = stream;
		this.#journal = journal;
	}

	reading(reading: Reading): void {
		if (this.#journal.isOn)
			this.#journal.tell({ kind: "reading", streamId: this.id, reading });
		this.#stream.reading(reading);
	}

	heartbeat(deviceId: string): void {
		this.#journal.tell({ kind: "heartbeat", streamId: this.id, deviceId });
		this.#stream.heartbeat(deviceId);
	}

	clockExchange(deviceId: string, exchange: ClockExchange): void {
		const streamId = this.id;
		this.#journal.tell({
			kind: "clock-exchange",
			streamId,
			deviceId,
			exchange,
		});
		this.#stream.clockExchange(deviceId, exchange);
	}

	reconfigure(offer: QosOffer, reason: string): void {
		const streamId = this.id;
		this.#journal.tell({ kind: "reconfigure", streamId, offer, reason });
		this.#stream.reconfigure(offer, reason);
	}

	close(): void {
		this.#journal.tell({ kind: "close", streamId: this.id });
		this.#stream.close();
	}

	cancel(): void {
		this.#journal.tell({ kind: "cancel", streamId: this.id });
		this.#stream.cancel();
	}

	totals(): StreamTotals {
		return this.#stream.totals();
	}

	credit(): Credit {
		return this.#stream.credit();
	}

	get pipelineFacts(): PipelineFacts | null {
		return this.#stream.pipelineFacts ?? null;
	}

	get qos(): QosProfile {
		return this.#stream.qos;
	}

	get waitingCount(): number {
		return this.#stream.waitingCount;
	}

	get runningCount(): number {
		return this.#stream.runningCount;
	}
}
