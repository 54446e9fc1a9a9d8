// A canary as it happens: counts both versions' requests, and asks for the verdict after each few answers and when a
// limit of time is reached. Nothing is polled.
import type { Clock, Timer } from "../../common/clock.ts";
import type { SwapSettings } from "../../repository/model-config.ts";
import type { CanaryReport } from "../swap-events.ts";
import { canaryVerdict } from "./canary.ts";
import { CanaryWindow } from "./canary-window.ts";
import type { Pair } from "./shadow.ts";

export interface CanaryOptions {
	readonly clock: Clock;
	readonly settings: SwapSettings["canary"];
	/** Aborted when the canary is not to go on. */
	readonly signal: AbortSignal;
}

/** A verdict sorts what was measured, so not every answer asks for one. */
const ANSWERS_PER_LOOK = 20;

/** Resolves when there is a verdict, or the signal is aborted. */
export function watchCanary(
	pair: Pair,
	{ clock, settings, signal }: CanaryOptions,
): Promise<CanaryReport> {
	const startUs = clock.nowUs();
	return new Promise((resolve) => {
		const timers: Timer[] = [];
		const look = () => {
			const report = reportNow();
			if (canaryVerdict(report, settings).kind !== "go-on" || signal.aborted)
				end(report);
		};
		const old = new CanaryWindow(pair.old, () => {});
		const next = new CanaryWindow(pair.new, () => {
			if (next.requestCount % ANSWERS_PER_LOOK === 0) look();
			// The one that was missing when the time was over.
			else if (next.requestCount === settings.leastRequests) look();
		});
		const reportNow = (): CanaryReport => ({
			weight: settings.weight,
			durationMs: (clock.nowUs() - startUs) / 1000,
			old: old.side(),
			new: next.side(),
		});
		const end = (report: CanaryReport) => {
			for (const timer of timers) timer.cancel();
			signal.removeEventListener("abort", look);
			old.close();
			next.close();
			resolve(report);
		};
		signal.addEventListener("abort", look);
		for (const us of [settings.leastUs, settings.mostUs])
			timers.push(clock.at(startUs + us, look));
	});
}
