// Counts what became of the frames of a drive, as the vehicle hears of it.
import type { FrameOutcome } from "@saccade/client";
import type { Outcome } from "@saccade/protocol";
import {
	type DriveReport,
	latenciesOf,
	noOutcomes,
	promise,
	round,
	type SensorReport,
} from "./drive-report.ts";
import { FrameLag } from "./frame-lag.ts";

interface Count {
	readonly deadlineMs: number;
	readonly latenciesMs: number[];
	sent: number;
	ended: number;
	inDeadline: number;
}

/** Promised of camera and LiDAR. */
const IN_DEADLINE = 0.99;
/** Promised of them under any load: periods by which what was worked on was older than it had to be. */
const MOST_BEHIND = 1;

export class FrameTally {
	readonly #counts = new Map<string, Count>();
	readonly #outcomes = noOutcomes();
	readonly #lag = new FrameLag();
	readonly #isOverloaded: boolean;
	collisions = 0;
	silences = 0;
	pausedMs = 0;

	/**
	 * @param deadlines of the sensors that have one, in ms after the measurement
	 * @param isOverloaded more comes than was promised to be in time
	 */
	constructor(
		deadlines: Readonly<Record<string, number>>,
		isOverloaded = false,
	) {
		this.#isOverloaded = isOverloaded;
		for (const [device, deadlineMs] of Object.entries(deadlines))
			this.#add(device, deadlineMs);
	}

	sent(deviceId: string): void {
		this.#of(deviceId).sent++;
	}

	ended(frame: FrameOutcome, latencyMs: number): void {
		const { deviceId, outcome } = frame;
		this.#lag.ended(frame);
		const count = this.#of(deviceId);
		count.ended++;
		this.#outcomes[outcome]++;
		if (outcome !== "RESULT") return;
		count.latenciesMs.push(latencyMs);
		if (latencyMs <= count.deadlineMs) count.inDeadline++;
	}

	get outcomes(): Readonly<Record<Outcome, number>> {
		return this.#outcomes;
	}

	report(seconds: number, runInSeconds: number): DriveReport {
		const counts = [...this.#counts.values()];
		const due = counts.filter(({ deadlineMs }) => Number.isFinite(deadlineMs));
		const sum = (of: (count: Count) => number, list = counts) =>
			list.reduce((total, count) => total + of(count), 0);
		const sent = sum((count) => count.sent);
		const ended = sum((count) => count.ended);
		const timed = [...this.#counts].filter(([, { deadlineMs }]) =>
			Number.isFinite(deadlineMs),
		);
		const shares = timed.map(([device, count]) =>
			promise(
				`${device} frames with a result within ${round(count.deadlineMs)} ms`,
				["at least", IN_DEADLINE],
				shareOf(count),
			),
		);
		const lags = timed.map(([device]) =>
			promise(
				`newer ${device} frames that had come when one was started, at most`,
				["at most", MOST_BEHIND],
				this.#lag.mostBehind(device),
			),
		);
		return {
			seconds: round(seconds),
			runInSeconds,
			frames: sent,
			outcomes: this.#outcomes,
			inDeadline: round(
				sum(({ inDeadline }) => inDeadline, due) /
					Math.max(
						1,
						sum((count) => count.ended, due),
					),
			),
			latencyMs: latenciesOf(due.flatMap(({ latenciesMs }) => latenciesMs)),
			sensors: Object.fromEntries(
				[...this.#counts].map(([device, count]) => [device, sensorOf(count)]),
			),
			collisions: this.collisions,
			silences: this.silences,
			pausedMs: round(this.pausedMs),
			promises: [
				promise(
					"frames without exactly one outcome",
					["exactly", 0],
					sent - ended,
				),
				...(this.#isOverloaded ? [] : shares),
				...lags,
			],
		};
	}

	#of(deviceId: string): Count {
		return (
			this.#counts.get(deviceId) ??
			this.#add(deviceId, Number.POSITIVE_INFINITY)
		);
	}

	#add(deviceId: string, deadlineMs: number): Count {
		const count = {
			deadlineMs,
			latenciesMs: [],
			sent: 0,
			ended: 0,
			inDeadline: 0,
		};
		this.#counts.set(deviceId, count);
		return count;
	}
}

function shareOf({ inDeadline, ended }: Count): number {
	return round(inDeadline / Math.max(1, ended));
}

function sensorOf(count: Count): SensorReport {
	return {
		frames: count.ended,
		inDeadline: Number.isFinite(count.deadlineMs) ? shareOf(count) : null,
		latencyMs: latenciesOf(count.latenciesMs),
	};
}
