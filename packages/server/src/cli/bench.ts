// `saccade bench`: options → requests → open loop → numbers; the load comes from load-generator/.
import { type BenchFlags, parseBenchPlan } from "./bench/plan.ts";
import { renderJson, renderText } from "./bench/render.ts";
import { runBench } from "./bench/run.ts";

const FAILED = 1;

/** Exit code 1 when nothing was answered. */
export async function bench(flags: BenchFlags): Promise<void> {
	const plan = parseBenchPlan(flags);
	const result = await runBench(plan);
	console.log(
		flags.json === true
			? JSON.stringify(renderJson(plan, result), null, 2)
			: renderText(plan, result),
	);
	const { inTime, late } = result.outcomes;
	if (inTime + late === 0) process.exitCode = FAILED;
}
