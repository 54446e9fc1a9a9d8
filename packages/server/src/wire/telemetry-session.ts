// One client of StreamTelemetry, whatever carries its messages: decodes what comes, opens the stream, and says what there
// is to say in one message a turn of the event loop. A client that does not read holds back no frame and costs no more
// than a bound: the newest outcomes are kept, of everything else the newest only; what is dropped is still counted.
import { create, toBinary } from "@bufbuild/protobuf";
import { OUTCOMES } from "@saccade/protocol";
import {
	type ClockSync,
	ControlCommandSchema,
	Outcome,
	SensorEvent_Kind,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { Clock } from "../common/clock.ts";
import type {
	FrameOutcome,
	QosIncompatibility,
	QosOffer,
	QosProfile,
	SensorEvent,
	SensorStream,
	StreamEndpoint,
	StreamListener,
	StreamRequest,
	StreamTotals,
} from "../endpoint/endpoint.ts";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import {
	parseTraceContext,
	type TraceContext,
} from "../telemetry/tracing/trace-context.ts";
import type { Lease } from "../tensor/tensor.ts";
import { OutcomeBuffer } from "./outcome-buffer.ts";
import { SensorReadingReader } from "./sensor-reading.ts";
import {
	fromQosProfile,
	plainRequest,
	toStreamRequest,
} from "./stream-open.ts";

/** Events kept for a client that does not read. */
const MAX_EVENT_COUNT = 64;

/** Outcomes of one message; below what is kept for a client that does not read. */
const FULL_MESSAGE_COUNT = 512;

/** What carries the messages. */
export interface TelemetryPort {
	readonly peer: string;
	/** The client's place in a trace when it came. */
	readonly caller: TraceContext | null;
	/** False: output is backed up; `drained` follows. The bytes are written at once. */
	send(message: TelemetryMessage): boolean;
	/** Nothing more is sent. @param error null: all went well */
	finish(error: SaccadeError | null): void;
}

export interface TelemetryMessage {
	readonly byteLength: number;
	/** Once, synchronously. */
	writeTo(target: Uint8Array, offset: number): void;
}

type CommandFields = NonNullable<
	Parameters<typeof create<typeof ControlCommandSchema>>[1]
>;

export class TelemetrySession implements StreamListener {
	readonly #endpoint: StreamEndpoint;
	readonly #port: TelemetryPort;
	readonly #clock: Clock;
	readonly #reader = new SensorReadingReader();
	readonly #outcomes = new OutcomeBuffer();
	#stream: SensorStream | null = null;
	#events: SensorEvent[] = [];
	/** The newest of each single field. */
	#fields: CommandFields = {};
	#totals: StreamTotals | null = null;
	#onlyCounted = 0;
	#tellsCounted = false;
	#isBlocked = false;
	#flushesSoon = false;
	#isOver = false;
	/** Set with the last message. */
	#ending: { readonly error: SaccadeError | null } | null = null;

	constructor(endpoint: StreamEndpoint, port: TelemetryPort, clock: Clock) {
		this.#endpoint = endpoint;
		this.#port = port;
		this.#clock = clock;
	}

	/** @param lease keeps `bytes`; null: they are valid during the call only */
	receive(bytes: Uint8Array, lease: Lease | null): void {
		if (this.#isOver || this.#ending !== null) {
			lease?.release();
			return;
		}
		const reader = this.#reader;
		try {
			reader.read(bytes);
			// A payload is viewed where it lies, so it needs bytes that stay.
			if (reader.payload !== null && lease === null)
				reader.read(new Uint8Array(bytes));
			if (reader.control !== null) {
				this.#control();
				lease?.release();
				return;
			}
		} catch (error) {
			lease?.release();
			this.#fail(toSaccadeError(error));
			return;
		}
		const stream = this.#stream ?? this.#openPlain();
		if (stream === null) {
			lease?.release();
			return;
		}
		this.#reading(stream, lease);
	}

	/** The client will send no more. */
	close(): void {
		if (this.#stream !== null) this.#stream.close();
		else this.#end(null);
	}

	/** The client is gone. */
	cancel(): void {
		this.#isOver = true;
		this.#outcomes.clear();
		this.#stream?.cancel();
	}

	/** The server ends: what was taken ends first. */
	drain(error: SaccadeError): void {
		if (this.#stream === null) this.#fail(error);
		else this.#stream.close();
	}

	/** A message could not be taken in: the stream ends with `error`. */
	refuse(error: SaccadeError): void {
		this.#fail(error);
	}

	/** Output that was backed up is on its way. */
	drained(): void {
		this.#isBlocked = false;
		this.#flush();
	}

	// ── what the stream tells ────────────────────────────────────────────────────────────────────────────

	outcome(outcome: FrameOutcome): void {
		// A client that reads misses nothing, however much arrives in one turn.
		if (this.#outcomes.count >= FULL_MESSAGE_COUNT) this.#flush();
		const dropped = this.#outcomes.push(outcome);
		if (dropped > 0) {
			this.#onlyCounted += dropped;
			this.#tellsCounted = true;
		}
		this.#flushSoon();
	}

	event(event: SensorEvent): void {
		if (this.#events.length === MAX_EVENT_COUNT) this.#events.shift();
		this.#events.push(event);
		this.#flushSoon();
	}

	policyChanged(qos: QosProfile, reason: string): void {
		this.#tell({ policyChange: { qos: fromQosProfile(qos), reason } });
	}

	ended(totals: StreamTotals): void {
		this.#totals = totals;
		this.#end(null);
	}

	// ── what the client says ─────────────────────────────────────────────────────────────────────────────

	#reading(stream: SensorStream, lease: Lease | null): void {
		const reader = this.#reader;
		stream.reading({
			timestampNs: reader.timestampNs,
			deviceId: reader.deviceId,
			value: reader.value,
			sequence: reader.sequence,
			frameId: reader.frameId,
			budgetUs: reader.budgetUs,
			interrupt: reader.interrupt,
			payload: reader.payload,
			receivedUs: this.#clock.nowUs(),
			trace:
				reader.traceparent === ""
					? null
					: parseTraceContext(reader.traceparent, reader.tracestate),
			lease,
		});
	}

	#control(): void {
		const { control, deviceId } = this.#reader;
		switch (control?.kind) {
			case "open":
				if (this.#stream === null)
					this.#open(toStreamRequest(control.open, this.#port.peer));
				else this.#refuse(ALREADY_OPEN, []);
				return;
			case "clock-sync":
				this.#clockSync(deviceId, control.sync);
				return;
			case "heartbeat":
				this.#stream?.heartbeat(deviceId);
				return;
			case "finish":
				this.close();
				return;
			case "reconfigure":
				this.#reconfigure(control.qos);
				return;
			case undefined:
				return;
		}
	}

	#openPlain(): SensorStream | null {
		this.#open(plainRequest(this.#port.peer));
		return this.#stream;
	}

	#open(request: StreamRequest): void {
		const trace = this.#port.caller;
		const opened = this.#endpoint.run({ ...request, trace }, this);
		if (!opened.ok) {
			this.#refuse(opened.error.message, opened.incompatible);
			this.#end(opened.error);
			return;
		}
		const { stream } = opened;
		this.#stream = stream;
		this.#tell({
			opened: {
				accepted: true,
				streamId: stream.id,
				qos: fromQosProfile(stream.qos),
				pipeline: stream.pipelineName,
			},
		});
		this.#flush();
	}

	#refuse(reason: string, incompatible: readonly QosIncompatibility[]): void {
		this.#tell({
			opened: {
				accepted: false,
				reason,
				incompatible: incompatible.map((one) => ({ ...one })),
			},
		});
		// Another answer to an opening may follow, and only the newest is kept.
		this.#flush();
	}

	#clockSync(deviceId: string, sync: ClockSync): void {
		const nowNs = BigInt(Math.round(this.#clock.nowUs() * 1000));
		if (sync.clientReceiveNs !== 0n) {
			this.#stream?.clockExchange(deviceId, {
				clientSendNs: sync.clientSendNs,
				serverReceiveUs: Number(sync.serverReceiveNs) / 1000,
				serverSendUs: Number(sync.serverSendNs) / 1000,
				clientReceiveNs: sync.clientReceiveNs,
			});
			if (sync.nextClientSendNs === 0n) return;
		}
		const clientSendNs =
			sync.clientReceiveNs === 0n ? sync.clientSendNs : sync.nextClientSendNs;
		this.#tell({
			clockSync: { clientSendNs, serverReceiveNs: nowNs, serverSendNs: nowNs },
		});
		// Whatever waits to be sent would count as the way.
		this.#flush();
	}

	/** A profile that does not do is told as an event of the stream's, and changes nothing. */
	#reconfigure(qos: QosOffer): void {
		const stream = this.#stream;
		if (stream === null) {
			this.#fail(
				new SaccadeError(
					"INVALID_ARGUMENT",
					"a stream is opened before it is reconfigured",
				),
			);
			return;
		}
		try {
			stream.reconfigure(qos, "asked for by the client");
		} catch (error) {
			const { message } = toSaccadeError(error);
			this.policyChanged(stream.qos, `refused: ${message}`);
		}
	}

	// ── what is said ─────────────────────────────────────────────────────────────────────────────────────

	#tell(fields: CommandFields): void {
		Object.assign(this.#fields, fields);
		this.#flushSoon();
	}

	#fail(error: SaccadeError): void {
		const stream = this.#stream;
		this.#end(error);
		stream?.cancel();
	}

	#end(error: SaccadeError | null): void {
		if (this.#ending !== null) return;
		this.#ending = { error };
		if (error !== null)
			this.#fields.error = {
				code: error.code,
				message: error.message,
				refusedBecause: error.refusedBecause ?? "",
			};
		this.#flush();
	}

	/** After what has arrived was read: one message tells of all of it. */
	#flushSoon(): void {
		if (this.#flushesSoon || this.#isBlocked || this.#isOver) return;
		this.#flushesSoon = true;
		queueMicrotask(this.#onMicrotask);
	}

	readonly #onMicrotask = (): void => {
		this.#flushesSoon = false;
		this.#flush();
	};

	#flush(): void {
		if (this.#isBlocked || this.#isOver) return;
		const rest = this.#restOfCommand();
		const outcomeBytes = this.#outcomes.byteLength;
		if (outcomeBytes + rest.byteLength > 0) {
			const outcomes = this.#outcomes;
			this.#isBlocked = !this.#port.send({
				byteLength: outcomeBytes + rest.byteLength,
				writeTo: (target, offset) => {
					outcomes.takeInto(target, offset);
					target.set(rest, offset + outcomeBytes);
				},
			});
		}
		if (this.#ending === null) return;
		this.#isOver = true;
		this.#port.finish(this.#ending.error);
	}

	/** Messages of protobuf merge when they are put one behind the other: outcomes first, then this. */
	#restOfCommand(): Uint8Array {
		const fields = this.#fields;
		const stream = this.#stream;
		const hasNews =
			this.#outcomes.count > 0 ||
			this.#events.length > 0 ||
			this.#totals !== null ||
			Object.keys(fields).length > 0;
		if (!hasNews) return NOTHING;
		if (stream !== null) fields.credit = creditOf(stream);
		if (this.#events.length > 0) fields.events = this.#events.map(eventOf);
		const totals =
			this.#totals ?? (this.#tellsCounted ? stream?.totals() : undefined);
		if (totals !== undefined && totals !== null)
			fields.totals = totalsOf(totals, this.#onlyCounted);
		this.#fields = {};
		this.#events = [];
		this.#totals = null;
		this.#tellsCounted = false;
		return toBinary(ControlCommandSchema, create(ControlCommandSchema, fields));
	}
}

const NOTHING = new Uint8Array(0);
const ALREADY_OPEN = "the stream is open already; nothing changed";

function creditOf(stream: SensorStream) {
	const { count, received, suggestedRateHz, latenessUs } = stream.credit();
	return {
		count,
		received: BigInt(received),
		suggestedRateHz,
		latenessNs: BigInt(Math.round(latenessUs * 1000)),
	};
}

const EVENT_KIND = {
	"missed-period": SensorEvent_Kind.MISSED_PERIOD,
	"liveliness-lost": SensorEvent_Kind.LIVELINESS_LOST,
	"liveliness-gained": SensorEvent_Kind.LIVELINESS_GAINED,
	"too-fast": SensorEvent_Kind.TOO_FAST,
	"lost-frames": SensorEvent_Kind.LOST_FRAMES,
	"clock-stepped": SensorEvent_Kind.CLOCK_STEPPED,
} as const;

function eventOf({ kind, deviceId, count, detail }: SensorEvent) {
	return { kind: EVENT_KIND[kind], deviceId, count: BigInt(count), detail };
}

/** Outcomes that occurred, with the count of those that were told as a number only. */
export function totalsOf(totals: StreamTotals, onlyCounted: number) {
	return {
		received: BigInt(totals.received),
		inFlight: BigInt(totals.inFlight),
		onlyCounted: BigInt(onlyCounted),
		outcomes: OUTCOMES.flatMap((name) => {
			const count = totals.outcomes[name];
			return count === 0
				? []
				: [{ outcome: Outcome[name], count: BigInt(count) }];
		}),
	};
}
