// Where a join node waits: values of other sensors are kept here until a frame of the leading one takes them. The memory
// that they lie in is held as long.
//
//   latest   the newest of each other input, for any number of leaders
//   window   the nearest of each within the window, for one leader; decided when a value at or after the leader's time
//            came of each (timestamps of a sensor only grow), or when the wait is over
import type { Clock, Timer } from "../../common/clock.ts";
import { SaccadeError, withoutStack } from "../../errors/saccade-error.ts";
import { insertByTime, nearestOf } from "../align.ts";
import { FrameDropped } from "../frame-dropped.ts";
import type { JoinRule } from "../pipeline.ts";
import type { Workspace } from "./workspace.ts";

/** Of each input; older ones are let go. Two seconds of a camera that waits for a LiDAR that is silent. */
const MOST_KEPT = 64;

interface Kept {
	readonly measuredUs: number;
	readonly value: unknown;
	readonly workspace: Workspace;
}

interface Input {
	readonly name: string;
	/** Oldest first. */
	readonly kept: Kept[];
	/** The newest that came: nothing before it is still to come. */
	boundUs: number;
}

interface Leader {
	readonly measuredUs: number;
	readonly receivedUs: number;
	readonly signal: AbortSignal;
}

/** Values by input; null: none came with it. Whoever takes them lets go of the workspaces. */
export interface Joined {
	readonly values: Readonly<Record<string, unknown>>;
	readonly held: readonly Workspace[];
}

interface Waiting {
	readonly leader: Leader;
	readonly settle: () => void;
}

export class JoinPoint {
	readonly #rule: JoinRule;
	readonly #clock: Clock;
	readonly #inputs: readonly Input[];
	readonly #waiting = new Set<Waiting>();

	/** @param names of the inputs but the leading one */
	constructor(rule: JoinRule, names: readonly string[], clock: Clock) {
		this.#rule = rule;
		this.#clock = clock;
		this.#inputs = names.map((name) => ({
			name,
			kept: [],
			boundUs: Number.NEGATIVE_INFINITY,
		}));
	}

	/** A frame of another sensor was through its nodes. */
	offer(name: string, kept: Kept): void {
		const input = this.#inputs.find((one) => one.name === name)!;
		kept.workspace.hold();
		insertByTime(input.kept, kept);
		const most = this.#rule.kind === "latest" ? 1 : MOST_KEPT;
		while (input.kept.length > most) input.kept.shift()!.workspace.letGo();
		input.boundUs = Math.max(input.boundUs, kept.measuredUs);
		for (const { leader, settle } of [...this.#waiting])
			if (this.#isSettled(leader)) settle();
	}

	/**
	 * Throws, or rejects with, FrameDropped when something is missing that the rule does not let go without, and
	 * CANCELLED when the leader was given up.
	 */
	take(leader: Leader): Joined | Promise<Joined> {
		const rule = this.#rule;
		if (rule.kind === "latest")
			return this.#taken((input) => {
				const newest = input.kept.at(-1);
				const isYoung =
					newest !== undefined &&
					leader.measuredUs - newest.measuredUs <= rule.maxAgeUs;
				if (!isYoung) return null;
				newest.workspace.hold();
				return newest;
			});
		if (this.#isSettled(leader)) return this.#joined(leader);
		return this.#wait(leader, leader.receivedUs + rule.waitUs);
	}

	/** Nobody comes any more, and nobody waits. */
	close(): void {
		for (const { kept } of this.#inputs)
			for (const { workspace } of kept.splice(0)) workspace.letGo();
	}

	#wait(leader: Leader, untilUs: number): Promise<Joined> {
		return new Promise((resolve, reject) => {
			let timer: Timer | null = null;
			const stop = () => {
				timer?.cancel();
				leader.signal.removeEventListener("abort", giveUp);
				this.#waiting.delete(waiting);
			};
			const settle = () => {
				stop();
				try {
					resolve(this.#joined(leader));
				} catch (error) {
					reject(error);
				}
			};
			const giveUp = () => {
				stop();
				reject(
					withoutStack(
						() => new SaccadeError("CANCELLED", "given up while it waited"),
					),
				);
			};
			const waiting = { leader, settle };
			this.#waiting.add(waiting);
			leader.signal.addEventListener("abort", giveUp, { once: true });
			timer = this.#clock.at(untilUs, settle);
		});
	}

	/** Whether nothing nearer than what is there can come. */
	#isSettled({ measuredUs }: Leader): boolean {
		return this.#inputs.every(({ boundUs }) => boundUs >= measuredUs);
	}

	#joined({ measuredUs }: Leader): Joined {
		const rule = this.#rule;
		if (rule.kind === "latest") throw new TypeError("it waits for nothing");
		const nearest = this.#inputs.map(({ name, kept }) => ({
			name,
			one: nearestOf(kept, measuredUs, rule.windowUs),
		}));
		const missing = nearest.flatMap(({ name, one }) =>
			one === null ? [name] : [],
		);
		if (missing.length > 0 && !rule.allowMissing)
			throw new FrameDropped(
				"unmatched",
				`nothing of ${missing.join(", ")} within ${rule.windowUs / 1000} ms`,
			);
		return this.#taken(({ name, kept }) => {
			const one = nearest.find((found) => found.name === name)?.one ?? null;
			if (one !== null) kept.splice(kept.indexOf(one), 1);
			return one;
		});
	}

	/** @param choose what is taken of an input, held for the taker */
	#taken(choose: (input: Input) => Kept | null): Joined {
		const values: Record<string, unknown> = {};
		const held: Workspace[] = [];
		for (const input of this.#inputs) {
			const one = choose(input);
			values[input.name] = one?.value ?? null;
			if (one !== null) held.push(one.workspace);
		}
		return { values, held };
	}
}
