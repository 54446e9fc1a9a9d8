// Which version the sequences of a model are on: each keeps the one that it began on, until it ends or is silent for too
// long. Clients make the ids up, so there are at most so many; the one that was silent longest is forgotten first.
import type { Clock, Timer } from "../../common/clock.ts";
import type { ModelVersion } from "../model-version.ts";

export const MAX_SEQUENCES = 10_000;

interface Pin {
	readonly model: ModelVersion;
	readonly idleUs: number;
	lastUs: number;
}

interface Waiting {
	readonly model: ModelVersion;
	readonly resolve: () => void;
}

export class SequencePins {
	readonly #clock: Clock;
	/** The one that was silent longest first. */
	readonly #pins = new Map<string, Pin>();
	readonly #counts = new Map<ModelVersion, number>();
	#waiting: Waiting[] = [];
	#timer: Timer | null = null;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	get count(): number {
		return this.#pins.size;
	}

	/** A sequence may still go on. */
	get hasLive(): boolean {
		const nowUs = this.#clock.nowUs();
		for (const { lastUs, idleUs } of this.#pins.values())
			if (nowUs < lastUs + idleUs) return true;
		return false;
	}

	/**
	 * The version that this request of the sequence goes to.
	 * @param current where a sequence begins now
	 */
	route(
		key: string,
		flags: { readonly start: boolean; readonly end: boolean },
		current: () => ModelVersion,
	): ModelVersion {
		const nowUs = this.#clock.nowUs();
		const known = flags.start ? undefined : this.#pins.get(key);
		const isAlive = known?.model.isReady && nowUs < known.lastUs + known.idleUs;
		const model = isAlive ? known.model : current();
		this.#drop(key);
		if (!flags.end) this.#add(key, model, nowUs);
		this.#letGo();
		return model;
	}

	/** Resolves when no sequence is on the version any more. */
	ended(model: ModelVersion): Promise<void> {
		return new Promise((resolve) => {
			this.#waiting.push({ model, resolve });
			this.#forgetSilent();
		});
	}

	/** Forgets all of them. */
	clear(): void {
		this.#pins.clear();
		this.#counts.clear();
		this.#forgetSilent();
	}

	#add(key: string, model: ModelVersion, lastUs: number): void {
		const idleUs = model.config.saccade.swap.sequenceIdleUs;
		this.#pins.set(key, { model, idleUs, lastUs });
		this.#counts.set(model, (this.#counts.get(model) ?? 0) + 1);
		if (this.#pins.size <= MAX_SEQUENCES) return;
		for (const oldest of this.#pins.keys()) {
			this.#drop(oldest);
			return;
		}
	}

	#drop(key: string): void {
		const pin = this.#pins.get(key);
		if (pin === undefined) return;
		this.#pins.delete(key);
		const count = (this.#counts.get(pin.model) ?? 1) - 1;
		if (count > 0) this.#counts.set(pin.model, count);
		else this.#counts.delete(pin.model);
	}

	#letGo(): void {
		if (this.#waiting.length === 0) return;
		const free = this.#waiting.filter(({ model }) => !this.#counts.has(model));
		this.#waiting = this.#waiting.filter(({ model }) =>
			this.#counts.has(model),
		);
		for (const { resolve } of free) resolve();
	}

	/** Sequences that are silent for too long hold no version back; looks again when the next may be. */
	#forgetSilent(): void {
		this.#timer?.cancel();
		this.#timer = null;
		const nowUs = this.#clock.nowUs();
		const held = new Set(this.#waiting.map(({ model }) => model));
		let nextUs = Number.POSITIVE_INFINITY;
		for (const [key, { model, idleUs, lastUs }] of this.#pins) {
			const untilUs = lastUs + idleUs;
			if (untilUs <= nowUs) this.#drop(key);
			else if (held.has(model)) nextUs = Math.min(nextUs, untilUs);
		}
		this.#letGo();
		if (this.#waiting.length > 0)
			this.#timer = this.#clock.at(nextUs, () => this.#forgetSilent());
	}
}
