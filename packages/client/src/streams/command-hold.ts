// The newest decision while it is valid, the safe command otherwise.
//
//   safe (start) ──decision──▶ decision ──valid_until──▶ safe (silence) ──decision──▶ …
//
// Silence is whatever brings no new decision: a server that is gone, a link that is cut, frames that end otherwise than
// with RESULT. A timer tells of it; who asks hears it too, should the timer be late on a busy event loop.
import type { ClientClock } from "./client-clock.ts";
import type { Command, Decision, HeldCommand } from "./command.ts";

/** setTimeout takes no longer time. */
const LONGEST_MS = 0x7fff_ffff;

export class CommandHold {
	readonly #clock: ClientClock;
	readonly #safe: Command;
	readonly #changed: (held: HeldCommand) => void;
	#held: HeldCommand;
	#cancelTimer: () => void = () => {};

	constructor(
		safe: Command,
		clock: ClientClock,
		changed: (held: HeldCommand) => void,
	) {
		this.#safe = safe;
		this.#clock = clock;
		this.#changed = changed;
		this.#held = { kind: "safe", command: safe, because: "start" };
	}

	get held(): HeldCommand {
		const held = this.#held;
		if (held.kind === "decision" && this.#leftMs(held.decision) <= 0)
			this.#fallBack();
		return this.#held;
	}

	/** One that is about an older reading, or over already, changes nothing. */
	take(decision: Decision, timestampNs: bigint, deviceId: string): void {
		const held = this.#held;
		if (held.kind === "decision" && timestampNs < held.timestampNs) return;
		if (this.#leftMs(decision) <= 0) return;
		this.#cancelTimer();
		this.#held = { kind: "decision", decision, timestampNs, deviceId };
		this.#wait(decision);
		this.#changed(this.#held);
	}

	/** Nobody waits any more. */
	close(): void {
		this.#cancelTimer();
	}

	#wait(decision: Decision): void {
		// Rounded down: rather a moment early than late.
		const ms = Math.min(LONGEST_MS, Math.floor(this.#leftMs(decision)));
		this.#cancelTimer = this.#clock.after(ms, () => {
			if (this.#leftMs(decision) >= 1) this.#wait(decision);
			else this.#fallBack();
		});
	}

	#leftMs({ validUntilNs }: Decision): number {
		return Number(validUntilNs - this.#clock.nowNs()) / 1e6;
	}

	#fallBack(): void {
		this.#cancelTimer();
		this.#held = { kind: "safe", command: this.#safe, because: "silence" };
		this.#changed(this.#held);
	}
}
