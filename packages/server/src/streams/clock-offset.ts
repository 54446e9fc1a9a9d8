// When a frame was measured, on the server's clock. A frame arrives at least as late as its offset says, so the smallest
// difference of a while is the offset plus the shortest way (minimum-delay filter); drift is the median slope through the
// minima of the last spans (Theil–Sen), which single late spans do not bend.
//
//   received − sensor   ·   ·      ·        ·   ·
//                        ·      ·     ·  ·           delay ≥ 0
//                     ──·────────·───────·──────·──  the line: offset and drift
//
// A clock that stepped shows as a run of differences that agree with each other and not with the line: then the line
// starts anew. One frame that disagrees is an outlier, and changes nothing.

/** Minima are kept of spans this long, and this many of them. */
const SPAN_US = 1_000_000;
const SPAN_COUNT = 16;
/** Slopes need some spans; below it, drift counts as none. */
const MIN_DRIFT_SPANS = 4;
/** Quartz is within ± 100 ppm; more is noise. */
const MAX_DRIFT = 500e-6;
/** Frames before this many are believed at once: the first ones are often slow. */
const WARM_UP_COUNT = 8;
/** A frame that is earlier than any before by less than this is just faster. */
const FASTER_US = 5_000;
/** Beyond it a difference cannot be delay or luck, but another time. */
const STEP_US = 250_000;
/** So many in a row, received over so long, that agree so well are a step. What was held up arrives all at once. */
const STEP_COUNT = 5;
const STEP_SPAN_US = 100_000;
const AGREE_US = 50_000;

/** `future`: measured later than now by more than any luck explains. `stepped`: believed, after the line started anew. */
export type ClockVerdict = "ok" | "future" | "stepped";

interface Span {
	atUs: number;
	/** Smallest received − sensor: not less than the offset. */
	upperUs: number;
}

export interface ClockQuality {
	/** Server's clock minus the sensor's. */
	readonly offsetUs: number;
	/** How much faster than the server's the sensor's clock runs. */
	readonly driftPpm: number;
	/** Half the width of what the offset may be: of an exchange, or of the spread of the minima. Infinity: unknown. */
	readonly uncertaintyUs: number;
	readonly stepCount: number;
}

export class ClockOffset {
	#spans: Span[] = [];
	#count = 0;
	/** The line: difference at `#originUs`, and its slope. */
	#originUs = 0;
	#baseUs = 0;
	#slope = 0;
	/** What exchanges prove the offset to be at least, at the time of the proof; −Infinity: none. */
	#lowerUs = Number.NEGATIVE_INFINITY;
	#lowerAtUs = 0;
	/** A run of differences that do not fit: its first, when that came, and its length. */
	#strayUs = 0;
	#straySinceUs = 0;
	#strayCount = 0;
	#stepCount = 0;

	/** Takes a frame into account. */
	observe(sensorUs: number, receivedUs: number): ClockVerdict {
		const difference = receivedUs - sensorUs;
		if (this.#count === 0) {
			this.#restart(receivedUs, difference);
			return "ok";
		}
		const excess = difference - this.#lineAt(receivedUs);
		const isEarly = excess < -FASTER_US && this.#count >= WARM_UP_COUNT;
		if (isEarly || Math.abs(excess) > STEP_US)
			return this.#stray(receivedUs, difference, excess);
		this.#strayCount = 0;
		this.#count++;
		this.#record(receivedUs, difference);
		return "ok";
	}

	/** An exchange as in NTP bounds the offset from both sides. */
	exchange(
		clientSendUs: number,
		serverReceiveUs: number,
		serverSendUs: number,
		clientReceiveUs: number,
	): void {
		if (this.observe(clientSendUs, serverReceiveUs) === "future") return;
		const lower = serverSendUs - clientReceiveUs;
		// The line may drift away from an old proof; a newer one always counts.
		const aged = this.#lowerUs - (serverSendUs - this.#lowerAtUs) * MAX_DRIFT;
		if (lower < aged) return;
		this.#lowerUs = lower;
		this.#lowerAtUs = serverSendUs;
	}

	/** When a frame was measured, on the server's clock. Not later than it was received. */
	measuredUs(sensorUs: number, receivedUs: number): number {
		return Math.min(
			receivedUs,
			sensorUs + this.#lineAt(receivedUs) - this.#halfWidth(),
		);
	}

	quality(nowUs: number): ClockQuality {
		const halfWidth = this.#halfWidth();
		const bounded = this.#lowerUs !== Number.NEGATIVE_INFINITY;
		return {
			offsetUs: this.#lineAt(nowUs) - halfWidth,
			driftPpm: this.#slope === 0 ? 0 : -this.#slope * 1e6,
			uncertaintyUs: bounded ? halfWidth : this.#spread(),
			stepCount: this.#stepCount,
		};
	}

	#lineAt(atUs: number): number {
		return this.#baseUs + this.#slope * (atUs - this.#originUs);
	}

	#halfWidth(): number {
		if (this.#lowerUs === Number.NEGATIVE_INFINITY) return 0;
		return Math.max(0, (this.#lineAt(this.#lowerAtUs) - this.#lowerUs) / 2);
	}

	/** Half of how far the minima lie above the line. */
	#spread(): number {
		if (this.#spans.length < 2) return Number.POSITIVE_INFINITY;
		let most = 0;
		for (const { atUs, upperUs } of this.#spans)
			most = Math.max(most, upperUs - this.#lineAt(atUs));
		return most / 2;
	}

	#restart(atUs: number, difference: number): void {
		this.#spans = [{ atUs, upperUs: difference }];
		this.#count = 1;
		this.#strayCount = 0;
		this.#originUs = atUs;
		this.#baseUs = difference;
		this.#slope = 0;
		this.#lowerUs = Number.NEGATIVE_INFINITY;
	}

	#stray(atUs: number, difference: number, excess: number): ClockVerdict {
		const agrees =
			this.#strayCount > 0 && Math.abs(difference - this.#strayUs) < AGREE_US;
		if (agrees) this.#strayCount++;
		else {
			this.#strayCount = 1;
			this.#strayUs = difference;
			this.#straySinceUs = atUs;
		}
		const isStep = Math.abs(excess) > STEP_US;
		const lastedUs = atUs - this.#straySinceUs;
		if (this.#strayCount >= STEP_COUNT && lastedUs >= STEP_SPAN_US) {
			this.#restart(atUs, difference);
			if (!isStep) return "ok";
			this.#stepCount++;
			return "stepped";
		}
		return isStep && excess < 0 ? "future" : "ok";
	}

	#record(atUs: number, difference: number): void {
		const span = this.#spans[this.#spans.length - 1]!;
		if (atUs - span.atUs >= SPAN_US) {
			this.#spans.push({ atUs, upperUs: difference });
			if (this.#spans.length > SPAN_COUNT) this.#spans.shift();
			this.#fit(atUs);
			return;
		}
		if (difference >= span.upperUs) return;
		span.upperUs = difference;
		this.#baseUs = Math.min(
			this.#baseUs,
			difference - this.#slope * (atUs - this.#originUs),
		);
	}

	/** The line of the median slope that lies on the lowest minimum. The span that just began does not count yet. */
	#fit(nowUs: number): void {
		const { length } = this.#spans;
		const closed = length - 1;
		this.#slope = closed < MIN_DRIFT_SPANS ? 0 : this.#medianSlope(closed);
		this.#originUs = nowUs;
		let base = Number.POSITIVE_INFINITY;
		for (const { atUs, upperUs } of this.#spans)
			base = Math.min(base, upperUs - this.#slope * (atUs - nowUs));
		this.#baseUs = base;
	}

	#medianSlope(count: number): number {
		const slopes: number[] = [];
		for (let i = 0; i < count; i++)
			for (let j = i + 1; j < count; j++) {
				const [a, b] = [this.#spans[i]!, this.#spans[j]!];
				slopes.push((b.upperUs - a.upperUs) / (b.atUs - a.atUs));
			}
		slopes.sort((a, b) => a - b);
		const median = slopes[slopes.length >> 1] ?? 0;
		return Math.max(-MAX_DRIFT, Math.min(MAX_DRIFT, median));
	}
}
