// Who competes in the claim about batching, and how each is set. Pure.
import { withoutBatching } from "../../serve/models.ts";

export interface Contender {
	readonly name: "none" | "fixed 8" | "fixed 16" | "dynamic";
	readonly settings: string;
	readonly serverArguments: readonly string[];
	/** Whether requests carry their deadline: of these only `dynamic` makes something of it. */
	readonly tellsDeadline: boolean;
	/** The model's `config.pbtxt`, as this one needs it. */
	configure(config: string): string;
}

const TRITON = ["--scheduling-policy=triton"] as const;

/** Only batched models have a queue policy, so a batcher of one row. */
export function noneAt(queueSize: number): Contender {
	return {
		name: "none",
		settings: `policy triton, batches of one, at most ${queueSize} wait`,
		serverArguments: TRITON,
		tellsDeadline: false,
		configure: (config) => withBatcher(config, 1, 0, queueSize),
	};
}

export const DYNAMIC: Contender = {
	name: "dynamic",
	settings:
		"as shipped: policy deadline, dynamic_batching { }, and the deadline that each request carries",
	serverArguments: [],
	tellsDeadline: true,
	configure: (config) => config,
};

export interface FixedSettings {
	readonly rows: 8 | 16;
	/** What waits longer runs with fewer. */
	readonly delayMs: number;
	/** Most that may wait; more is refused. */
	readonly queueSize: number;
}

/** Batches of `rows` as Triton's batcher makes them. */
export function fixedAt({
	rows,
	delayMs,
	queueSize,
}: FixedSettings): Contender {
	return {
		name: `fixed ${rows}`,
		settings: `policy triton, preferred_batch_size ${rows} = max_batch_size, max_queue_delay ${delayMs} ms, at most ${queueSize} wait`,
		serverArguments: TRITON,
		tellsDeadline: false,
		configure: (config) => withBatcher(config, rows, delayMs, queueSize),
	};
}

function withBatcher(
	config: string,
	rows: number,
	delayMs: number,
	queueSize: number,
): string {
	return withoutBatching(config).replace(
		/^max_batch_size:.*$/m,
		`max_batch_size: ${rows}
dynamic_batching {
  preferred_batch_size: ${rows}
  max_queue_delay_microseconds: ${delayMs * 1000}
  default_queue_policy { max_queue_size: ${queueSize} }
}`,
	);
}
