// How far behind its sensor each frame was when work on it began: the newer frames of the device that the server had by
// then. With the newest frame first that is none, whatever the load; each one is a period that the vehicle knows less.
import type { FrameOutcome } from "@saccade/client";

interface Ended {
	/** Tells which is newer. Sequences do not: each street is a stream of its own, and counts from one. */
	readonly measuredNs: bigint;
	readonly receivedNs: bigint;
	/** Null: it never ran. */
	readonly startedNs: bigint | null;
	behind: number;
}

/** Outcomes of one device come nearly in the order of its frames: so many are out of it at most. */
const KEPT_COUNT = 64;

export class FrameLag {
	readonly #recent = new Map<string, Ended[]>();
	readonly #most = new Map<string, number>();

	/** Newer frames that were there when a frame was started, at most. */
	mostBehind(deviceId: string): number {
		return this.#most.get(deviceId) ?? 0;
	}

	ended({ deviceId, timestampNs, latency, outcome }: FrameOutcome) {
		const recent = this.#recent.get(deviceId) ?? [];
		this.#recent.set(deviceId, recent);
		const at = (ns: number) => timestampNs + BigInt(Math.round(ns));
		const one: Ended = {
			measuredNs: timestampNs,
			receivedNs: at(latency.receivedNs),
			startedNs: outcome === "RESULT" ? at(latency.startedNs) : null,
			behind: 0,
		};
		for (const other of recent) {
			if (other.measuredNs > timestampNs) this.#compare(deviceId, one, other);
			else this.#compare(deviceId, other, one);
		}
		recent.push(one);
		if (recent.length > KEPT_COUNT) recent.shift();
	}

	#compare(deviceId: string, older: Ended, newer: Ended): void {
		if (older.startedNs === null || older.startedNs <= newer.receivedNs) return;
		older.behind++;
		this.#most.set(deviceId, Math.max(this.mostBehind(deviceId), older.behind));
	}
}
