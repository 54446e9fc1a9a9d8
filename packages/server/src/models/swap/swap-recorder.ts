// Tells what becomes of one swap, with its times: each phase ends where the next begins.
import type { Clock } from "../../common/clock.ts";
import type {
	CanaryReport,
	PhaseDuration,
	ShadowReport,
	Swap,
	SwapListener,
	SwapOutcome,
	SwapPhase,
	VersionIdentity,
} from "../swap-events.ts";

export class SwapRecorder {
	readonly swap: Swap;
	readonly #clock: Clock;
	readonly #emit: SwapListener;
	readonly #beganUs: number;
	/** Insertion keeps the order in which they first began. */
	readonly #phases = new Map<SwapPhase, number>();
	#phase: SwapPhase | null = null;
	#phaseSinceUs = 0;
	#version: number | null = null;

	constructor(swap: Swap, clock: Clock, emit: SwapListener) {
		this.swap = swap;
		this.#clock = clock;
		this.#emit = emit;
		this.#beganUs = clock.nowUs();
		emit({ kind: "begun", swap, atUs: this.#beganUs });
	}

	/** Null before the first. */
	get phase(): SwapPhase | null {
		return this.#phase;
	}

	/** Nothing happens where it is there already. */
	begin(phase: SwapPhase, version: number | null = null): void {
		if (phase === this.#phase && version === this.#version) return;
		this.#version = version;
		const atUs = this.#endPhase();
		this.#phase = phase;
		this.#emit({ kind: "phase", swap: this.swap, atUs, phase, version });
	}

	compared(version: number, report: ShadowReport): void {
		const atUs = this.#clock.nowUs();
		this.#emit({ kind: "compared", swap: this.swap, atUs, version, report });
	}

	judged(version: number, report: CanaryReport): void {
		const atUs = this.#clock.nowUs();
		this.#emit({ kind: "judged", swap: this.swap, atUs, version, report });
	}

	ended(outcome: SwapOutcome): void {
		const atUs = this.#endPhase();
		const phases: PhaseDuration[] = [...this.#phases].map(
			([phase, durationUs]) => ({ phase, durationUs }),
		);
		this.#emit({
			kind: "ended",
			swap: this.swap,
			atUs,
			outcome,
			phases,
			totalUs: atUs - this.#beganUs,
		});
	}

	released(version: VersionIdentity, sinceUs: number): void {
		const atUs = this.#clock.nowUs();
		this.#emit({
			kind: "released",
			swap: this.swap,
			atUs,
			version,
			drainUs: atUs - sinceUs,
		});
	}

	#endPhase(): number {
		const nowUs = this.#clock.nowUs();
		if (this.#phase !== null) {
			const before = this.#phases.get(this.#phase) ?? 0;
			this.#phases.set(this.#phase, before + nowUs - this.#phaseSinceUs);
		}
		this.#phase = null;
		this.#phaseSinceUs = nowUs;
		return nowUs;
	}
}
