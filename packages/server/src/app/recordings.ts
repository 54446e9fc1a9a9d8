// Recordings: the journal and the outcomes of streams and the decisions of schedulers, to a file of MCAP.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Timer } from "../common/clock.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { ModelListener } from "../models/model-events.ts";
import { Recorder, type RecorderStatus } from "../recording/recorder.ts";
import type {
	RecordingInfo,
	RecordingRequest,
	RecordingService,
} from "../service/recording-service.ts";
import type { Journal } from "../streams/journal.ts";
import type { SensorStream } from "../streams/stream.ts";
import type { StreamObserver } from "../streams/telemetry-stream.ts";
import type { Logger } from "../telemetry/logger.ts";
import { RecordingWriter } from "../wire/recording/recording-writer.ts";

export interface RecordingsOptions {
	readonly clock: Clock;
	readonly journal: Journal;
	/** Made when the first recording begins. */
	readonly folder: string;
	readonly maxBytes: number;
	/** Server's clock minus CLOCK_MONOTONIC. */
	readonly hostOffsetUs: number;
	/** Name and version. */
	readonly server: string;
	readonly openStreams: () => readonly SensorStream[];
	readonly log: Logger;
}

/** Letters, digits and what joins them: a name is never a path. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

interface Current {
	readonly recorder: Recorder;
	readonly startUs: number;
	/** Null until the file is open, and once it is ended. */
	writer: RecordingWriter | null;
	endUs: number | null;
	timer: Timer | null;
}

export class Recordings implements RecordingService {
	readonly #options: RecordingsOptions;
	#current: Current | null = null;
	/** Recordings that ended by themselves. */
	failureCount = 0;
	/** Messages that were dropped in all recordings before. */
	#droppedBefore = 0;

	constructor(options: RecordingsOptions) {
		this.#options = options;
	}

	async start(request: RecordingRequest): Promise<RecordingInfo> {
		const { clock, folder, journal, log, openStreams, server } = this.#options;
		assertRequest(request);
		this.#assertNone();
		const maxBytes = Math.min(
			this.#options.maxBytes,
			request.maxBytes || Number.POSITIVE_INFINITY,
		);
		const startUs = clock.nowUs();
		const path = join(folder, `${request.name || timeOfDay()}.mcap`);
		const recorder = new Recorder({
			path,
			library: server,
			maxBytes,
			onEnd: (status) => this.#ended(current, status),
		});
		const current: Current = {
			recorder,
			startUs,
			writer: null,
			endUs: null,
			timer: null,
		};
		this.#droppedBefore = this.droppedCount;
		this.#current = current;
		try {
			await makeFolder(folder);
			await recorder.open();
		} catch (error) {
			this.#current = null;
			throw error;
		}
		const nowUs = clock.nowUs();
		const header = {
			version: 1 as const,
			server,
			hostOffsetUs: this.#options.hostOffsetUs,
			wallOffsetNs: BigInt(Date.now()) * 1_000_000n - toNs(nowUs),
		};
		const writer = new RecordingWriter(
			(spec, logTime, data) => recorder.write(spec, logTime, logTime, data),
			header,
			nowUs,
		);
		current.writer = writer;
		journal.start(writer, openStreams(), nowUs);
		if (request.maxSeconds > 0)
			current.timer = clock.at(
				nowUs + request.maxSeconds * 1e6,
				() => void this.#end(current),
			);
		log.info({ path }, "recording");
		return this.#info(current);
	}

	async stop(): Promise<RecordingInfo> {
		const current = this.#current;
		if (current === null || current.recorder.status().state === "ended")
			throw new SaccadeError("NOT_FOUND", "nothing is being recorded");
		await this.#end(current);
		return this.#info(current);
	}

	status(): RecordingInfo | null {
		return this.#current === null ? null : this.#info(this.#current);
	}

	/** Of all recordings since the server started. */
	get droppedCount(): number {
		const now = this.#current?.recorder.status().droppedCount ?? 0;
		return this.#droppedBefore + now;
	}

	get isRecording(): boolean {
		return this.#current?.writer != null;
	}

	/** Ends what is under way, if anything. */
	async close(): Promise<void> {
		if (this.#current !== null) await this.#end(this.#current);
	}

	/** For streams: tells nothing while nothing is recorded. */
	readonly observer: StreamObserver = {
		frameEnded: (stream, outcome) =>
			this.#current?.writer?.outcome(stream, outcome),
		streamEnded: () => {},
	};

	/** `listener`, and what it hears recorded. */
	listenerOf(
		model: { readonly name: string; readonly version: string },
		listener: ModelListener | null,
	): ModelListener {
		const { name, version } = model;
		const { clock } = this.#options;
		return {
			batchFinished: (requests, rows, closedBecause, stamps, failed) => {
				listener?.batchFinished(requests, rows, closedBecause, stamps, failed);
				const batch = { requests, rows, closedBecause, failed };
				this.#current?.writer?.batch(name, version, batch, stamps);
			},
			inputsPadded: (...counts) => listener?.inputsPadded(...counts),
			runLost: (because, movedCount) => listener?.runLost(because, movedCount),
			requestFinished: (outcome, queueUs, totalUs, because) => {
				listener?.requestFinished(outcome, queueUs, totalUs, because);
				if (outcome === "RESULT") return;
				const nowUs = clock.nowUs();
				const refusal = { outcome, queueUs, totalUs, nowUs };
				this.#current?.writer?.refusal(name, version, refusal);
			},
		};
	}

	async #end(current: Current): Promise<void> {
		this.#detach(current);
		await current.recorder.close();
	}

	/** Nothing more is told to it. */
	#detach(current: Current): void {
		current.timer?.cancel();
		if (current.writer === null) return;
		this.#options.journal.stop();
		current.writer = null;
		current.endUs = this.#options.clock.nowUs();
	}

	#ended(current: Current, status: RecorderStatus): void {
		this.#detach(current);
		const { path, fileBytes, messageCount, droppedCount, problem } = status;
		const facts = { path, fileBytes, messageCount, droppedCount };
		const { log } = this.#options;
		if (problem === null) {
			log.info(facts, "recorded");
			return;
		}
		this.failureCount++;
		log.error(facts, `the recording ended by itself: ${problem}`);
	}

	#assertNone(): void {
		const status = this.#current?.recorder.status();
		if (status === undefined || status.state === "ended") return;
		throw new SaccadeError(
			"ALREADY_EXISTS",
			`a recording is under way: ${status.path}; stop it first`,
		);
	}

	#info({ recorder, startUs, endUs }: Current): RecordingInfo {
		const untilUs = endUs ?? this.#options.clock.nowUs();
		return { ...recorder.status(), seconds: (untilUs - startUs) / 1e6 };
	}
}

function assertRequest(request: RecordingRequest): void {
	const { name, maxBytes, maxSeconds } = request;
	if (name !== "" && !NAME.test(name))
		throw invalid(
			`'${name.slice(0, 100)}' is no name of a recording: letters, digits, '.', '_' and '-', at most 100`,
		);
	if (!(maxBytes >= 0) || !(maxSeconds >= 0))
		throw invalid("the limits of a recording are numbers from 0 on");
}

async function makeFolder(folder: string): Promise<void> {
	try {
		await mkdir(folder, { recursive: true, mode: 0o700 });
	} catch (error) {
		const text = error instanceof Error ? error.message : String(error);
		throw new SaccadeError(
			"UNAVAILABLE",
			`the folder of recordings cannot be made: ${text}`,
		);
	}
}

/** For people, who look for a file by when it was. */
function timeOfDay(): string {
	return new Date()
		.toISOString()
		.replaceAll(":", "-")
		.replace(/\.\d+Z$/, "Z");
}

function toNs(us: number): bigint {
	return BigInt(Math.round(us * 1000));
}

function invalid(text: string): SaccadeError {
	return new SaccadeError("INVALID_ARGUMENT", text);
}
