// Frames of several sensors, brought together by when they were measured. The first sensor leads: each of its frames
// gets one of every other sensor, by the pipeline's rule.
//
//   window   leader ────────●────────       the nearest within ± window; decided when a frame at or after the leader's
//            other  ──●──────●───●───       time came (timestamps only grow), or when the wait is over
//   latest   the newest of each other sensor, used again until a newer one comes
import type { FrameReason } from "@saccade/protocol";
import { insertByTime, nearestOf } from "../pipelines/align.ts";
import type { JoinRule } from "../pipelines/pipeline.ts";
import type { FrameWork } from "./frame-work.ts";
import type { TimerItem, TimerQueue } from "./timer-queue.ts";

/** Frames of one sensor that wait for others. */
const MAX_WAITING_COUNT = 100;

export interface JoinerHost {
	/** Companions are set: it may run. */
	ready(leader: FrameWork): void;
	/** It will not be joined. */
	gone(work: FrameWork, reason: FrameReason, detail: string): void;
}

export interface Joiner {
	readonly waitingCount: number;
	offer(work: FrameWork): void;
	/** It ended otherwise. False when it does not wait here. */
	remove(work: FrameWork): boolean;
	/** Nothing more comes: decides with what is there. */
	flush(): void;
}

/** @param devices of the stream's opening; the first leads */
export function createJoiner(
	rule: JoinRule,
	devices: readonly string[],
	timers: TimerQueue,
	host: JoinerHost,
): Joiner {
	return rule.kind === "window"
		? new WindowJoiner(rule, devices, timers, host)
		: new LatestJoiner(rule, devices, host);
}

type WindowRule = Extract<JoinRule, { readonly kind: "window" }>;

class WindowJoiner implements Joiner, TimerItem {
	heapIndex = -1;
	dueUs = 0;
	readonly #rule: WindowRule;
	readonly #timers: TimerQueue;
	readonly #host: JoinerHost;
	/** Oldest first. */
	readonly #leaders: FrameWork[] = [];
	readonly #leaderId: string;
	readonly #others: readonly { readonly id: string; frames: FrameWork[] }[];
	/** Latest time seen of each other sensor: nothing earlier will come. */
	readonly #boundsUs = new Map<string, number>();
	#isFlushing = false;

	constructor(
		rule: WindowRule,
		devices: readonly string[],
		timers: TimerQueue,
		host: JoinerHost,
	) {
		this.#rule = rule;
		this.#timers = timers;
		this.#host = host;
		this.#leaderId = devices[0]!;
		this.#others = devices.slice(1).map((id) => ({ id, frames: [] }));
	}

	get waitingCount(): number {
		let count = this.#leaders.length;
		for (const { frames } of this.#others) count += frames.length;
		return count;
	}

	offer(work: FrameWork): void {
		const list = this.#listOf(work.deviceId);
		insertByTime(list, work);
		if (list !== this.#leaders)
			this.#boundsUs.set(
				work.deviceId,
				Math.max(
					this.#boundsUs.get(work.deviceId) ?? Number.NEGATIVE_INFINITY,
					work.measuredUs,
				),
			);
		if (list.length > MAX_WAITING_COUNT)
			this.#host.gone(list.shift()!, "queue-full", tooMany(work.deviceId));
		this.#decide(work.receivedUs);
	}

	remove(work: FrameWork): boolean {
		const list = this.#listOf(work.deviceId);
		const at = list.indexOf(work);
		if (at < 0) return false;
		list.splice(at, 1);
		return true;
	}

	flush(): void {
		this.#isFlushing = true;
		this.#decide(Number.POSITIVE_INFINITY);
		for (const { frames } of this.#others)
			for (const work of frames.splice(0))
				this.#host.gone(
					work,
					"unmatched",
					"the stream ended before a partner came",
				);
		this.#timers.cancel(this);
	}

	/** (timer) The wait of the oldest leader is over. */
	fire(nowUs: number): void {
		this.#decide(nowUs);
	}

	#listOf(deviceId: string): FrameWork[] {
		if (deviceId === this.#leaderId) return this.#leaders;
		return this.#others.find(({ id }) => id === deviceId)!.frames;
	}

	#decide(nowUs: number): void {
		for (let leader = this.#leaders[0]; leader !== undefined; ) {
			const isOver = nowUs >= leader.receivedUs + this.#rule.waitUs;
			if (
				!isOver &&
				!this.#others.every((one) => this.#isSettled(one.id, leader!))
			)
				break;
			this.#leaders.shift();
			this.#join(leader);
			leader = this.#leaders[0];
		}
		this.#dropPassed();
		if (this.#isFlushing) return;
		const next = this.#leaders[0];
		this.#timers.schedule(
			this,
			next === undefined
				? Number.POSITIVE_INFINITY
				: next.receivedUs + this.#rule.waitUs,
		);
	}

	/** Whether nothing nearer than what is there can come from a sensor. */
	#isSettled(id: string, leader: FrameWork): boolean {
		const boundUs = this.#boundsUs.get(id);
		return boundUs !== undefined && boundUs >= leader.measuredUs;
	}

	#join(leader: FrameWork): void {
		const companions: FrameWork[] = [];
		const missing: string[] = [];
		for (const { id, frames } of this.#others) {
			const nearest = nearestOf(frames, leader.measuredUs, this.#rule.windowUs);
			if (nearest === null) missing.push(id);
			else companions.push(nearest);
		}
		if (missing.length > 0 && !this.#rule.allowMissing) {
			this.#host.gone(
				leader,
				"unmatched",
				`nothing of ${missing.join(", ")} within ${this.#rule.windowUs / 1000} ms`,
			);
			return;
		}
		for (const companion of companions) this.remove(companion);
		leader.companions = companions;
		this.#host.ready(leader);
	}

	/** Leaders come in order, so what lies before the reach of the last one is never wanted again. */
	#dropPassed(): void {
		for (const { id, frames } of this.#others) {
			const reachUs = this.#reachUs(id);
			while (frames[0] !== undefined && frames[0].measuredUs < reachUs)
				this.#host.gone(
					frames.shift()!,
					"unmatched",
					`no frame of ${this.#leaderId} within ${this.#rule.windowUs / 1000} ms`,
				);
		}
	}

	/** Of a waiting leader, or of the newest frame where none waits: a leader that is still to come is not older. */
	#reachUs(id: string): number {
		const leader = this.#leaders[0];
		if (leader !== undefined) return leader.measuredUs - this.#rule.windowUs;
		const boundUs = this.#boundsUs.get(id) ?? Number.NEGATIVE_INFINITY;
		return boundUs - this.#rule.windowUs - this.#rule.waitUs;
	}
}

type LatestRule = Extract<JoinRule, { readonly kind: "latest" }>;

class LatestJoiner implements Joiner {
	readonly #rule: LatestRule;
	readonly #host: JoinerHost;
	readonly #leaderId: string;
	readonly #others: readonly string[];
	readonly #newest = new Map<string, FrameWork>();

	constructor(rule: LatestRule, devices: readonly string[], host: JoinerHost) {
		this.#rule = rule;
		this.#host = host;
		this.#leaderId = devices[0]!;
		this.#others = devices.slice(1);
	}

	/** Those that were not used yet. */
	get waitingCount(): number {
		let count = 0;
		for (const work of this.#newest.values())
			if (work.state === "waiting") count++;
		return count;
	}

	offer(work: FrameWork): void {
		if (work.deviceId !== this.#leaderId) {
			this.#keep(work);
			return;
		}
		const companions: FrameWork[] = [];
		for (const id of this.#others) {
			const newest = this.#newest.get(id);
			const isFresh =
				newest !== undefined &&
				work.measuredUs - newest.measuredUs <= this.#rule.maxAgeUs;
			if (isFresh) companions.push(newest);
		}
		work.companions = companions;
		this.#host.ready(work);
	}

	remove(work: FrameWork): boolean {
		if (this.#newest.get(work.deviceId) !== work) return false;
		this.#newest.delete(work.deviceId);
		work.letGo();
		return true;
	}

	flush(): void {
		for (const work of [...this.#newest.values()]) {
			this.remove(work);
			if (work.state === "waiting")
				this.#host.gone(
					work,
					"unmatched",
					"the stream ended before it was used",
				);
		}
	}

	#keep(work: FrameWork): void {
		const before = this.#newest.get(work.deviceId);
		if (before !== undefined && before.measuredUs > work.measuredUs) {
			this.#host.gone(work, "out-of-order", "a newer frame is there already");
			return;
		}
		// Its outcome may be told while its bytes are still used again.
		work.hold();
		this.#newest.set(work.deviceId, work);
		if (before === undefined) return;
		before.letGo();
		if (before.state === "waiting")
			this.#host.gone(before, "newer-frame", "it was never used");
	}
}

function tooMany(deviceId: string): string {
	return `${MAX_WAITING_COUNT} frames of ${deviceId} wait for other sensors already`;
}
