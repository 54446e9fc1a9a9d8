// What a vehicle does, and until when.
export interface Target {
	/** With its unit: `acceleration_mps2`. */
	readonly name: string;
	readonly value: number;
}

export interface Command {
	/** `keep`, `slow`, `brake`, `degrade`, or what the pipeline names. */
	readonly action: string;
	readonly reasons: readonly string[];
	readonly targets: readonly Target[];
}

export interface Decision extends Command {
	/** On the clock of the stream's timestamps. */
	readonly validUntilNs: bigint;
}

/** What holds now. */
export type HeldCommand =
	| {
			readonly kind: "decision";
			readonly decision: Decision;
			/** Of the reading that it is about. */
			readonly timestampNs: bigint;
			readonly deviceId: string;
	  }
	/** `silence`: the last decision ran out; `start`: there was none yet. */
	| {
			readonly kind: "safe";
			readonly command: Command;
			readonly because: "start" | "silence";
	  };

export function commandOf(held: HeldCommand): Command {
	return held.kind === "decision" ? held.decision : held.command;
}
