// Tells where the log ends at most so often: of heads that follow one another quickly the last one vouches for all of
// them. It is told when its time comes, or at the end.
import type { Clock, Timer } from "../common/clock.ts";
import type { AuditHead } from "./audit-log.ts";

export interface HeadTellerOptions {
	readonly clock: Clock;
	/** @default 1 s */
	readonly everyUs?: number;
	readonly tell: (head: AuditHead) => void;
}

const EVERY_US = 1e6;

export class HeadTeller {
	readonly #clock: Clock;
	readonly #everyUs: number;
	readonly #tell: (head: AuditHead) => void;
	#untold: AuditHead | null = null;
	#timer: Timer | null = null;

	constructor({ clock, everyUs = EVERY_US, tell }: HeadTellerOptions) {
		this.#clock = clock;
		this.#everyUs = everyUs;
		this.#tell = tell;
	}

	headChanged(head: AuditHead): void {
		this.#untold = head;
		if (this.#timer === null) this.#tellLast();
	}

	/** Tells what is not told yet. */
	close(): void {
		this.#timer?.cancel();
		this.#timer = null;
		if (this.#untold !== null) this.#tell(this.#untold);
		this.#untold = null;
	}

	/** And is quiet for a while. */
	#tellLast(): void {
		this.#timer = null;
		if (this.#untold === null) return;
		this.#tell(this.#untold);
		this.#untold = null;
		const nextUs = this.#clock.nowUs() + this.#everyUs;
		this.#timer = this.#clock.at(nextUs, () => this.#tellLast());
	}
}
