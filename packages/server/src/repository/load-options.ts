// What a configuration says about loading: threads, graph optimisation, execution providers, session keys.
// Meanings as in onnxruntime_backend/README.md and src/onnxruntime.cc.
import type { ModelConfig as ConfigMessage } from "@saccade/protocol/gen/inference/model_config_pb.js";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { ExecutionProvider, LoadOptions } from "../runtime/runtime.ts";

/** `optimization.graph.level` → ours; the source counts, not the comment in the proto. */
const GRAPH_LEVEL: Readonly<
	Record<number, NonNullable<LoadOptions["graphOptimization"]>>
> = {
	[-1]: "basic",
	0: "all",
	1: "extended",
	2: "disabled",
};

export function resolveLoadOptions(message: ConfigMessage): LoadOptions {
	const parameter = (key: string) => message.parameters[key]?.stringValue;
	const intra = countOf(
		parameter("intra_op_thread_count"),
		"intra_op_thread_count",
	);
	const inter = countOf(
		parameter("inter_op_thread_count"),
		"inter_op_thread_count",
	);
	const level = message.optimization?.graph?.level ?? 0;
	const graphOptimization = GRAPH_LEVEL[level];
	if (graphOptimization === undefined)
		throw new SaccadeError(
			"LOAD_FAILED",
			`optimization.graph.level is -1 (basic), 0 (all), 1 (extended) or 2 (disabled), got ${level}`,
		);
	const sessionConfig = Object.fromEntries(
		Object.entries(message.parameters)
			.filter(([key]) => key.startsWith("session."))
			.map(([key, value]) => [key, value.stringValue]),
	);
	return {
		...(intra > 0 && { intraOpThreadCount: intra }),
		...(inter > 0 && { interOpThreadCount: inter }),
		graphOptimization,
		executionMode:
			parameter("execution_mode") === "1" ? "parallel" : "sequential",
		providers: providersOf(message),
		sessionConfig,
	};
}

function countOf(text: string | undefined, key: string): number {
	if (text === undefined) return 0;
	const count = Number(text);
	if (!Number.isInteger(count) || count < 0)
		throw new SaccadeError(
			"LOAD_FAILED",
			`parameter '${key}' is a count of threads, got '${text}'`,
		);
	return count;
}

function providersOf(message: ConfigMessage): ExecutionProvider[] {
	const accelerators = message.optimization?.executionAccelerators;
	return [
		...(accelerators?.gpuExecutionAccelerator ?? []),
		...(accelerators?.cpuExecutionAccelerator ?? []),
	].map(({ name, parameters }) => ({ name, options: parameters }));
}
