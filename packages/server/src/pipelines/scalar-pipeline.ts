// Plain readings against limits: what a thermometer or a distance sensor needs, and the pipeline of devices that know
// only three fields. A rule looks at the value, or at how fast it changes.
import { SaccadeError } from "../errors/saccade-error.ts";
import type { Frame } from "./frame.ts";
import type {
	Decision,
	FrameProcessor,
	FrameResult,
	Pipeline,
} from "./pipeline.ts";

export interface ScalarRule {
	/** `value`, or `rate`: its change per second since the device's frame before. */
	readonly of: "value" | "rate";
	readonly atLeast?: number;
	readonly atMost?: number;
	readonly action: string;
	readonly reason: string;
}

export interface ScalarPipelineOptions {
	/** @default "scalar" */
	readonly name?: string;
	/** The first that holds decides. @default none: every reading is kept */
	readonly rules?: readonly ScalarRule[];
	/** How long a decision holds, in µs. Raise it for slow sensors. @default 1 s: ten frames of a 10 Hz sensor */
	readonly validForUs?: number;
}

interface Previous {
	value: number;
	measuredUs: number;
}

export function createScalarPipeline(
	options: ScalarPipelineOptions = {},
): Pipeline {
	const { name = "scalar", rules = [], validForUs = 1_000_000 } = options;
	const keep = resultOf("keep", "within-limits", validForUs);
	const results = rules.map(({ action, reason }) =>
		resultOf(action, reason, validForUs),
	);
	return {
		name,
		requests: {},
		join: null,
		open: () => new ScalarProcessor(rules, results, keep),
	};
}

class ScalarProcessor implements FrameProcessor {
	readonly #rules: readonly ScalarRule[];
	readonly #results: readonly FrameResult[];
	readonly #keep: FrameResult;
	readonly #needsRate: boolean;
	readonly #previous = new Map<string, Previous>();

	constructor(
		rules: readonly ScalarRule[],
		results: readonly FrameResult[],
		keep: FrameResult,
	) {
		this.#rules = rules;
		this.#results = results;
		this.#keep = keep;
		this.#needsRate = rules.some((rule) => rule.of === "rate");
	}

	process(frame: Frame): FrameResult {
		const { value } = frame;
		if (!Number.isFinite(value))
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`a reading of ${value}; it must be a finite number`,
			);
		const rate = this.#needsRate ? this.#rateOf(frame) : 0;
		for (let i = 0; i < this.#rules.length; i++) {
			const rule = this.#rules[i]!;
			if (holds(rule, rule.of === "value" ? value : rate))
				return this.#results[i]!;
		}
		return this.#keep;
	}

	close(): void {
		this.#previous.clear();
	}

	/** Per second; 0 for the first frame of a device, and for one that is not later than the one before. */
	#rateOf({ deviceId, value, measuredUs }: Frame): number {
		const previous = this.#previous.get(deviceId);
		if (previous === undefined) {
			this.#previous.set(deviceId, { value, measuredUs });
			return 0;
		}
		const seconds = (measuredUs - previous.measuredUs) / 1e6;
		if (seconds <= 0) return 0;
		const rate = (value - previous.value) / seconds;
		previous.value = value;
		previous.measuredUs = measuredUs;
		return rate;
	}
}

function holds({ atLeast, atMost }: ScalarRule, value: number): boolean {
	return (
		(atLeast === undefined || value >= atLeast) &&
		(atMost === undefined || value <= atMost)
	);
}

/** One object for every frame that ends the same way. */
function resultOf(
	action: string,
	reason: string,
	validForUs: number,
): FrameResult {
	const decision: Decision = {
		action,
		reasons: [reason],
		validForUs,
		targets: [],
	};
	return { decision, outputs: [], stages: [] };
}
