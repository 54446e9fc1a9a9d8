// One device of one stream: its place in time and in order.
import { ClockOffset, type ClockQuality } from "./clock-offset.ts";
import type { Sensor } from "./sensor.ts";
import type { ClockDomain, Reading } from "./stream.ts";

/** Frames that a duplicate is looked for among. */
const REMEMBERED_COUNT = 16;
/** On the host's own clock nothing can be measured later than now, but for the resolution of clocks. */
const HOST_TOLERANCE_US = 1_000;

/** How a frame stands to those of its device that came before. */
export type Place = "newest" | "earlier" | "duplicate";

/** Whether its timestamp can be believed. */
export type TimeVerdict = "ok" | "future" | "stepped";

export class Device {
	readonly sensor: Sensor;
	readonly frameId: string;
	readonly periodUs: number;
	readonly #estimate: ClockOffset | null;
	/** Server's clock minus the host's. */
	readonly #hostOffsetUs: number;
	#newestNs: bigint | null = null;
	#lastSequence = 0;
	readonly #recentNs: bigint[] = [];
	readonly #recentSequence: number[] = [];
	#recentAt = 0;

	constructor(
		sensor: Sensor,
		description: { readonly frameId: string; readonly periodUs: number },
		clockDomain: ClockDomain,
		hostOffsetUs: number,
	) {
		this.sensor = sensor;
		this.frameId = description.frameId;
		this.periodUs = description.periodUs;
		this.#estimate = clockDomain === "device" ? new ClockOffset() : null;
		this.#hostOffsetUs = hostOffsetUs;
		sensor.clock = this;
	}

	/** Takes its time into account; `stepped` makes it the newest whatever came before. */
	observe(sensorUs: number, receivedUs: number): TimeVerdict {
		if (this.#estimate !== null) {
			const verdict = this.#estimate.observe(sensorUs, receivedUs);
			if (verdict === "stepped") this.#newestNs = null;
			return verdict;
		}
		return sensorUs + this.#hostOffsetUs > receivedUs + HOST_TOLERANCE_US
			? "future"
			: "ok";
	}

	/** On the server's clock. */
	measuredUs(sensorUs: number, receivedUs: number): number {
		return this.#estimate === null
			? Math.min(receivedUs, sensorUs + this.#hostOffsetUs)
			: this.#estimate.measuredUs(sensorUs, receivedUs);
	}

	exchange(
		clientSendUs: number,
		serverReceiveUs: number,
		serverSendUs: number,
		clientReceiveUs: number,
	): void {
		this.#estimate?.exchange(
			clientSendUs,
			serverReceiveUs,
			serverSendUs,
			clientReceiveUs,
		);
	}

	quality(nowUs: number): ClockQuality {
		return (
			this.#estimate?.quality(nowUs) ?? {
				offsetUs: this.#hostOffsetUs,
				driftPpm: 0,
				uncertaintyUs: 0,
				stepCount: 0,
			}
		);
	}

	/** Asked before `observe`; `taken` remembers it. */
	placeOf({ timestampNs, sequence }: Reading): Place {
		if (this.#newestNs === null || timestampNs > this.#newestNs)
			return "newest";
		return this.#isRemembered(timestampNs, sequence) ? "duplicate" : "earlier";
	}

	/** Its time was believed. */
	taken({ timestampNs, sequence }: Reading): void {
		const at = this.#recentAt;
		this.#recentNs[at] = timestampNs;
		this.#recentSequence[at] = sequence;
		this.#recentAt = (at + 1) % REMEMBERED_COUNT;
		if (this.#newestNs === null || timestampNs > this.#newestNs)
			this.#newestNs = timestampNs;
	}

	/** Frames that its count says are missing before this one. */
	lostBefore(sequence: number): number {
		const last = this.#lastSequence;
		if (sequence === 0 || sequence <= last) return 0;
		this.#lastSequence = sequence;
		return last === 0 ? 0 : sequence - last - 1;
	}

	#isRemembered(timestampNs: bigint, sequence: number): boolean {
		for (let i = 0; i < this.#recentNs.length; i++)
			if (
				this.#recentNs[i] === timestampNs &&
				this.#recentSequence[i] === sequence
			)
				return true;
		return false;
	}
}
