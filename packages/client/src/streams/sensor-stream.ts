// One sensor stream, whatever carries it: readings out, decisions in, and a command that holds at every instant.
//
//   opening ─▶ open ─▶ (readings, within the credit where the policy is `block`) ─▶ close ─▶ ended
//
// A stream that breaks is not opened again by itself: whoever owns it decides, and has its safe command meanwhile.
import { fromBinary } from "@bufbuild/protobuf";
import {
	type ControlCommand,
	ControlCommandSchema,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import {
	ClientError,
	isClientError,
	toErrorCode,
	toRefusalReason,
} from "../client-error.ts";
import type { ClientClock } from "./client-clock.ts";
import { ClockSyncs } from "./clock-sync.ts";
import type { HeldCommand } from "./command.ts";
import { CommandHold } from "./command-hold.ts";
import {
	encodeOpening,
	encodeProfile,
	type Opening,
	type QosOffer,
} from "./opening.ts";
import {
	type FrameOutcome,
	type SensorEvent,
	type StreamTotals,
	toEvent,
	toOutcome,
	toTotals,
} from "./outcome.ts";
import type { MessagePipe, OpenPipe, PipeListener } from "./pipe.ts";
import { encodeHeartbeat, encodeReading, type Reading } from "./reading.ts";

export interface StreamListener {
	/** Another command holds from now on. */
	onCommand?(held: HeldCommand): void;
	onOutcome?(outcome: FrameOutcome): void;
	onEvent?(event: SensorEvent): void;
	/** The stream's profile changed, or was not: `reason` begins with "refused" then. */
	onPolicyChange?(reason: string): void;
	/** There is credit, or room in the output, for what `send` turned away. */
	onRoom?(): void;
}

/** `no-credit`: only with `block`; `backed-up`: the link does not keep up; `closed`: the stream is over. */
export type SendAnswer = "sent" | "no-credit" | "backed-up" | "closed";

export class SensorStream implements PipeListener {
	/** Resolves with the stream's id; rejects with a ClientError that says why it was refused. */
	readonly opened: Promise<string>;
	/** Resolves with the last totals that were told; rejects when the stream broke. */
	readonly ended: Promise<StreamTotals>;
	readonly #listener: StreamListener;
	readonly #isCredited: boolean;
	readonly #clock: ClientClock;
	readonly #clockSyncs = new ClockSyncs();
	readonly #hold: CommandHold;
	readonly #pipe: MessagePipe;
	readonly #sequences = new Map<string, bigint>();
	readonly #opening = Promise.withResolvers<string>();
	readonly #ending = Promise.withResolvers<StreamTotals>();
	#sent = 0;
	/** Frames that may have been sent in all; unknown before the first command. */
	#mayHaveSent = 0;
	#suggestedRateHz = 0;
	#isBackedUp = false;
	#wasTurnedAway = false;
	#isClosing = false;
	#isOver = false;
	/** Why the stream ends, as the server said it with its last command. */
	#failure: ClientError | null = null;
	#totals: StreamTotals = {
		received: 0,
		inFlight: 0,
		onlyCounted: 0,
		outcomes: {},
	};

	constructor(
		open: OpenPipe,
		opening: Opening,
		clock: ClientClock,
		listener: StreamListener,
	) {
		this.#listener = listener;
		this.#clock = clock;
		this.#isCredited = opening.qos?.dropPolicy === "block";
		this.opened = this.#opening.promise;
		this.ended = this.#ending.promise;
		// Who does not ask is not told by way of an unhandled rejection.
		this.opened.catch(() => {});
		this.ended.catch(() => {});
		this.#hold = new CommandHold(opening.safeCommand, clock, (held) =>
			listener.onCommand?.(held),
		);
		this.#pipe = open(this);
		this.#isBackedUp = !this.#pipe.send(encodeOpening(opening));
	}

	/** What to do now: a decision that is valid, or the safe command. */
	get command(): HeldCommand {
		return this.#hold.held;
	}

	/** Frames that may be sent now. Other policies than `block` may send beyond: the server drops by the policy. */
	get credit(): number {
		return Math.max(0, this.#mayHaveSent - this.#sent);
	}

	get sentCount(): number {
		return this.#sent;
	}

	/** Frames a second that the server keeps up with; 0: as many as you like. */
	get suggestedRateHz(): number {
		return this.#suggestedRateHz;
	}

	/** Encodes at once: the payload's bytes may be changed afterwards. */
	send(reading: Reading): SendAnswer {
		const refusal = this.#refusal();
		if (refusal !== null) {
			this.#wasTurnedAway = true;
			return refusal;
		}
		const { deviceId } = reading;
		const sequence = (this.#sequences.get(deviceId) ?? 0n) + 1n;
		this.#sequences.set(deviceId, sequence);
		this.#sent++;
		this.#isBackedUp = !this.#pipe.send(encodeReading(reading, sequence));
		return "sent";
	}

	/** It is alive, without a measurement. @param deviceId "": all of the stream. @default "" */
	heartbeat(deviceId = ""): void {
		this.#say(encodeHeartbeat(deviceId));
	}

	/** Another profile: what waits is judged anew, and what runs is stopped. */
	reconfigure(qos: QosOffer): void {
		this.#say(encodeProfile(qos));
	}

	/**
	 * Lets the server bound the offset of this side's clock from both sides, by one exchange; now and then, not with
	 * every reading. Nothing for streams on CLOCK_MONOTONIC. @param deviceId "": all of the stream. @default ""
	 */
	syncClock(deviceId = ""): void {
		this.#say(this.#clockSyncs.begin(deviceId, this.#clock.nowNs()));
	}

	/** No more readings. Resolves when each that was sent has its outcome; the command goes on to hold as long as valid. */
	close(): Promise<StreamTotals> {
		if (!this.#isClosing && !this.#isOver) this.#pipe.end();
		this.#isClosing = true;
		return this.ended;
	}

	/** At once: what is under way ends as CANCELLED, and no command is told any more. */
	cancel(): void {
		this.#hold.close();
		if (this.#isOver) return;
		this.#over(new ClientError("CANCELLED", "cancelled by the caller"));
		this.#pipe.cancel();
	}

	// ── what the pipe says ───────────────────────────────────────────────────────────────────────────────

	message(bytes: Uint8Array): void {
		if (this.#isOver) return;
		try {
			this.#take(fromBinary(ControlCommandSchema, bytes));
		} catch (cause) {
			this.#over(
				isClientError(cause)
					? cause
					: new ClientError("MALFORMED", "the server sent no command", {
							cause,
						}),
			);
			this.#pipe.cancel();
		}
	}

	drained(): void {
		this.#isBackedUp = false;
		this.#tellRoom();
	}

	over(error: ClientError | null): void {
		this.#over(this.#failure ?? error);
	}

	/** What is no reading: it has no outcome and takes no credit. */
	#say(message: Uint8Array): void {
		if (this.#isClosing || this.#isOver) return;
		if (!this.#pipe.send(message)) this.#isBackedUp = true;
	}

	#take(command: ControlCommand): void {
		const { opened, credit, totals, error, clockSync, policyChange } = command;
		if (clockSync !== undefined) {
			const rest = this.#clockSyncs.end(clockSync, this.#clock.nowNs());
			if (rest !== null) this.#say(rest);
		}
		if (error !== undefined)
			this.#failure = new ClientError(
				toErrorCode(error.code) ?? "INTERNAL",
				error.message,
				{ refusedBecause: toRefusalReason(error.refusedBecause) },
			);
		// A refusal is followed by the error, which has the code.
		if (opened?.accepted === true) this.#opening.resolve(opened.streamId);
		if (totals !== undefined) this.#totals = toTotals(totals);
		if (credit !== undefined) {
			this.#mayHaveSent = Number(credit.received) + credit.count;
			this.#suggestedRateHz = credit.suggestedRateHz;
		}
		for (const message of command.outcomes) {
			const outcome = toOutcome(message);
			if (outcome.decision !== null)
				this.#hold.take(
					outcome.decision,
					outcome.timestampNs,
					outcome.deviceId,
				);
			this.#listener.onOutcome?.(outcome);
		}
		for (const event of command.events)
			this.#listener.onEvent?.(toEvent(event));
		if (policyChange !== undefined)
			this.#listener.onPolicyChange?.(policyChange.reason);
		this.#tellRoom();
	}

	#refusal(): Exclude<SendAnswer, "sent"> | null {
		if (this.#isClosing || this.#isOver) return "closed";
		if (this.#isCredited && this.credit === 0) return "no-credit";
		return this.#isBackedUp ? "backed-up" : null;
	}

	#tellRoom(): void {
		if (!this.#wasTurnedAway || this.#refusal() !== null) return;
		this.#wasTurnedAway = false;
		this.#listener.onRoom?.();
	}

	#over(error: ClientError | null): void {
		if (this.#isOver) return;
		this.#isOver = true;
		if (error === null) {
			this.#opening.reject(
				new ClientError("UNAVAILABLE", "the stream ended before it was open"),
			);
			this.#ending.resolve(this.#totals);
		} else {
			this.#opening.reject(error);
			this.#ending.reject(error);
		}
	}
}
