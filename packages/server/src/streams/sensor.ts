// One sensor's rhythm: when it was last seen, whether it is alive, and which periods it missed. A reading costs a few
// additions; only silence costs a timer, which asks when it was seen before it is set and not at every reading.
import type { ClockQuality } from "./clock-offset.ts";
import type { SensorEvent, SensorEventKind } from "./stream.ts";
import type { TimerItem, TimerQueue } from "./timer-queue.ts";

/** A frame is missing when it is late by half a period. */
const LATE_FACTOR = 1.5;
/** A sensor that stays silent is told of at ever longer intervals, up to this many periods. */
const MAX_BACK_OFF = 1024;
/** Weight of the newest in the observed period. */
const PERIOD_WEIGHT = 1 / 8;
/** So many frames of less than half the period it promised, and a sensor is too fast; above 0.8 it is not. */
const TOO_FAST_COUNT = 10;
const TOO_FAST_BELOW = 0.5;
const NOT_TOO_FAST_ABOVE = 0.8;

export interface SensorRhythm {
	/** Infinity: none. */
	readonly periodUs: number;
	/** Longest time between two frames, by the profile. */
	readonly deadlineUs: number;
	readonly livelinessLeaseUs: number;
}

export interface SensorStatus {
	readonly deviceId: string;
	readonly periodUs: number;
	/** NaN: unknown. */
	readonly observedPeriodUs: number;
	readonly isAlive: boolean;
	/** NaN: there was none. */
	readonly lastSeenUs: number;
	readonly received: number;
	readonly missedPeriods: number;
	readonly clock: ClockQuality | null;
	/** False: known only because a stream names it. */
	readonly isRegistered: boolean;
}

export class Sensor implements TimerItem {
	readonly deviceId: string;
	heapIndex = -1;
	dueUs = 0;
	/** Set by the stream that estimates it. */
	clock: { quality(nowUs: number): ClockQuality } | null = null;
	/** Streams that use it now. */
	useCount = 0;
	isRegistered = false;
	#rhythm: SensorRhythm;
	#dueAfterUs = Number.POSITIVE_INFINITY;
	readonly #timers: TimerQueue;
	readonly #listeners = new Set<(event: SensorEvent) => void>();
	/** Of a reading; of anything that shows life. NaN: never. */
	#lastReadingUs = Number.NaN;
	#lastSignUs: number;
	#observedPeriodUs = Number.NaN;
	#received = 0;
	#missedPeriods = 0;
	#isAlive = true;
	/** Periods told of in the present silence, and at how many the next telling is due. */
	#toldPeriods = 0;
	#nextTelling = 1;
	#fastCount = 0;
	#isTooFast = false;

	constructor(
		deviceId: string,
		rhythm: SensorRhythm,
		timers: TimerQueue,
		nowUs: number,
	) {
		this.deviceId = deviceId;
		this.#rhythm = rhythm;
		this.#timers = timers;
		this.#lastSignUs = nowUs;
		this.setRhythm(rhythm, nowUs);
	}

	/** A new rhythm begins now. */
	setRhythm(rhythm: SensorRhythm, nowUs: number): void {
		this.#rhythm = rhythm;
		this.#dueAfterUs = Math.min(
			rhythm.periodUs * LATE_FACTOR,
			rhythm.deadlineUs,
		);
		this.#toldPeriods = 0;
		this.#nextTelling = 1;
		this.#fastCount = 0;
		this.#isTooFast = false;
		this.#timers.schedule(this, this.#nextDueUs(nowUs));
	}

	listen(listener: (event: SensorEvent) => void): void {
		this.#listeners.add(listener);
	}

	unlisten(listener: (event: SensorEvent) => void): void {
		this.#listeners.delete(listener);
	}

	/** A reading came. */
	seen(nowUs: number): void {
		const gapUs = nowUs - this.#lastReadingUs;
		this.#received++;
		this.#lastReadingUs = nowUs;
		if (!Number.isNaN(gapUs)) this.#observe(gapUs);
		this.#signOfLife(nowUs);
		if (this.#toldPeriods > 0) {
			this.#toldPeriods = 0;
			this.#nextTelling = 1;
			this.#timers.schedule(this, this.#nextDueUs(nowUs));
		}
	}

	/** It is alive, without a reading. */
	alive(nowUs: number): void {
		this.#signOfLife(nowUs);
	}

	status(nowUs: number): SensorStatus {
		return {
			deviceId: this.deviceId,
			periodUs: this.#rhythm.periodUs,
			observedPeriodUs: this.#observedPeriodUs,
			isAlive: this.#isAlive,
			lastSeenUs: this.#lastReadingUs,
			received: this.#received,
			missedPeriods: this.#missedPeriods,
			clock: this.clock?.quality(nowUs) ?? null,
			isRegistered: this.isRegistered,
		};
	}

	close(): void {
		this.#timers.cancel(this);
		this.#listeners.clear();
	}

	/** (timer) It has been silent. */
	fire(nowUs: number): void {
		const { livelinessLeaseUs } = this.#rhythm;
		if (this.#isAlive && nowUs >= this.#lastSignUs + livelinessLeaseUs) {
			this.#isAlive = false;
			this.#tell(
				"liveliness-lost",
				1,
				`no sign of life for ${ms(nowUs - this.#lastSignUs)}, the lease is ${ms(livelinessLeaseUs)}`,
			);
		}
		if (nowUs >= this.#missedAtUs()) this.#missed(nowUs);
		this.#timers.schedule(this, this.#nextDueUs(nowUs));
	}

	/** (timer) It may have been seen since it was scheduled. */
	putOffUntilUs(): number {
		return this.#nextDueUs(Number.NEGATIVE_INFINITY);
	}

	#signOfLife(nowUs: number): void {
		this.#lastSignUs = nowUs;
		if (this.#isAlive) return;
		this.#isAlive = true;
		this.#tell("liveliness-gained", 1, "it is back");
		this.#timers.schedule(this, this.#nextDueUs(nowUs));
	}

	/** A sensor that never came is counted from when it was made known. */
	#silentSinceUs(): number {
		return Number.isNaN(this.#lastReadingUs)
			? this.#lastSignUs
			: this.#lastReadingUs;
	}

	#missedAtUs(): number {
		const more = (this.#nextTelling - 1) * this.#stepUs();
		return this.#silentSinceUs() + this.#dueAfterUs + more;
	}

	/** One more frame is missing after each of these. */
	#stepUs(): number {
		const { periodUs, deadlineUs } = this.#rhythm;
		return Math.min(periodUs, deadlineUs);
	}

	#missed(nowUs: number): void {
		const silentUs = nowUs - this.#silentSinceUs();
		const missing =
			1 + Math.floor((silentUs - this.#dueAfterUs) / this.#stepUs());
		const more = missing - this.#toldPeriods;
		this.#toldPeriods = missing;
		this.#missedPeriods += more;
		this.#nextTelling = missing + Math.min(missing, MAX_BACK_OFF);
		this.#tell(
			"missed-period",
			more,
			`no frame for ${ms(silentUs)}, one is due every ${ms(this.#stepUs())}`,
		);
	}

	#nextDueUs(nowUs: number): number {
		const leaseUs = this.#isAlive
			? this.#lastSignUs + this.#rhythm.livelinessLeaseUs
			: Number.POSITIVE_INFINITY;
		const missedUs =
			this.#dueAfterUs === Number.POSITIVE_INFINITY
				? Number.POSITIVE_INFINITY
				: this.#missedAtUs();
		return Math.max(nowUs, Math.min(leaseUs, missedUs));
	}

	#observe(gapUs: number): void {
		this.#observedPeriodUs = Number.isNaN(this.#observedPeriodUs)
			? gapUs
			: this.#observedPeriodUs +
				(gapUs - this.#observedPeriodUs) * PERIOD_WEIGHT;
		const { periodUs } = this.#rhythm;
		if (periodUs === Number.POSITIVE_INFINITY) return;
		if (this.#observedPeriodUs > periodUs * NOT_TOO_FAST_ABOVE) {
			this.#fastCount = 0;
			this.#isTooFast = false;
		} else if (this.#observedPeriodUs < periodUs * TOO_FAST_BELOW)
			this.#tooFast(periodUs);
	}

	#tooFast(periodUs: number): void {
		this.#fastCount++;
		if (this.#isTooFast || this.#fastCount < TOO_FAST_COUNT) return;
		this.#isTooFast = true;
		this.#tell(
			"too-fast",
			this.#fastCount,
			`a frame every ${ms(this.#observedPeriodUs)}, its period is said to be ${ms(periodUs)}`,
		);
	}

	#tell(kind: SensorEventKind, count: number, detail: string): void {
		const event = { kind, deviceId: this.deviceId, count, detail };
		for (const listener of this.#listeners) listener(event);
	}
}

function ms(us: number): string {
	return `${Math.round(us / 100) / 10} ms`;
}
