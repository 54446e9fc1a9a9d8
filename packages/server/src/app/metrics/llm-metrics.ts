// The `llm_*` metrics, of models that declare themselves generative and of no others: a series is there from the first
// request on, and never before.
import type { Clock } from "../../common/clock.ts";
import type { TokenListener } from "../../models/model-events.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { Histogram, MetricsRegistry } from "../../telemetry/registry.ts";

export class LlmMetrics implements TokenListener {
	readonly #registry: MetricsRegistry;
	readonly #throughput: TokenThroughput;
	readonly #model: string;
	#durations: Histogram | null = null;
	/** Of the batch that is being answered: on which device is known when it ends. */
	#prompt = 0;
	#output = 0;

	constructor(
		registry: MetricsRegistry,
		throughput: TokenThroughput,
		model: string,
	) {
		this.#registry = registry;
		this.#throughput = throughput;
		this.#model = model;
	}

	answered(prompt: number, output: number): void {
		this.#prompt += prompt;
		this.#output += output;
	}

	batchFinished(device: string): void {
		if (this.#prompt > 0) this.#throughput.add("prefill", device, this.#prompt);
		if (this.#output > 0) this.#throughput.add("decode", device, this.#output);
		this.#prompt = 0;
		this.#output = 0;
	}

	/** Each request, once. @param isAnswered else it failed or was refused */
	requestFinished(isAnswered: boolean, totalUs: number): void {
		const labels = [this.#model];
		this.#registry.counter(INSTRUMENTS.llmRequests, labels).add();
		if (!isAnswered) return;
		this.#durations ??= this.#registry.histogram(
			INSTRUMENTS.llmDuration,
			labels,
		);
		this.#durations.record(totalUs / 1e6);
	}
}

type Stage = "prefill" | "decode";

const SECONDS = 10;

/** Tokens a second over the last ten, by stage and device; of all models together. */
export class TokenThroughput {
	readonly #registry: MetricsRegistry;
	readonly #clock: Clock;
	readonly #windows = new Map<string, TokenWindow>();

	constructor(registry: MetricsRegistry, clock: Clock) {
		this.#registry = registry;
		this.#clock = clock;
	}

	add(stage: Stage, device: string, count: number): void {
		const key = `${stage}/${device}`;
		let window = this.#windows.get(key);
		if (window === undefined) {
			window = this.#open(stage, device);
			this.#windows.set(key, window);
		}
		window.add(count, this.#clock.nowUs());
	}

	#open(stage: Stage, device: string): TokenWindow {
		const window = new TokenWindow();
		const gauge = this.#registry.counter(INSTRUMENTS.llmThroughput, [
			stage,
			device,
		]);
		this.#registry.onCollect(() => {
			gauge.value = window.perSecond(this.#clock.nowUs());
		});
		return window;
	}
}

/** One count a second; the one under way and those before it make ten. */
class TokenWindow {
	readonly #counts = new Float64Array(SECONDS);
	#second = 0;

	add(count: number, nowUs: number): void {
		this.#advance(nowUs);
		this.#counts[this.#second % SECONDS]! += count;
	}

	perSecond(nowUs: number): number {
		this.#advance(nowUs);
		let sum = 0;
		for (const count of this.#counts) sum += count;
		return sum / SECONDS;
	}

	#advance(nowUs: number): void {
		const second = Math.floor(nowUs / 1e6);
		for (let step = 0; this.#second < second; step++, this.#second++) {
			// All of them are past.
			if (step === SECONDS) {
				this.#second = second;
				return;
			}
			this.#counts[(this.#second + 1) % SECONDS] = 0;
		}
	}
}
