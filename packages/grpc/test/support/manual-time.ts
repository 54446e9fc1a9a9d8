// Time that a test moves: the server's clock, and the second hand by which it looks after its connections.
import type { TestContext } from "node:test";
import type { GrpcClock } from "../../src/index.ts";

export interface ManualTime {
	readonly clock: GrpcClock;
	/** Moves on second by second, as the keeper looks. */
	advance(seconds: number): void;
}

/** Call it before the server is made. */
export function manualTime(context: TestContext): ManualTime {
	context.mock.timers.enable({ apis: ["setInterval"] });
	let nowUs = 1_000_000;
	return {
		clock: { nowUs: () => nowUs },
		advance: (seconds) => {
			for (let passed = 0; passed < seconds; passed++) {
				nowUs += 1_000_000;
				context.mock.timers.tick(1000);
			}
		},
	};
}
