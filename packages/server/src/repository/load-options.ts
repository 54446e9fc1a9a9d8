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

/** Keys of `parameters` that say how a model is loaded, with the names that Triton's backend gave them. */
const LOAD_PARAMETERS: ReadonlySet<string> = new Set([
	"intra_op_thread_count",
	"inter_op_thread_count",
	"execution_mode",
	"enable_mem_arena",
	"enable_mem_pattern",
]);
const SESSION_PREFIX = "session.";

export function isLoadParameter(key: string): boolean {
	return LOAD_PARAMETERS.has(key) || key.startsWith(SESSION_PREFIX);
}

/** Throws LOAD_FAILED naming the key that is wrong. */
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
			.filter(([key]) => key.startsWith(SESSION_PREFIX))
			.map(([key, value]) => [key, value.stringValue]),
	);
	return {
		...(intra > 0 && { intraOpThreadCount: intra }),
		...(inter > 0 && { interOpThreadCount: inter }),
		graphOptimization,
		executionMode: flagOf(parameter("execution_mode"), "execution_mode", false)
			? "parallel"
			: "sequential",
		memoryArena: flagOf(
			parameter("enable_mem_arena"),
			"enable_mem_arena",
			true,
		),
		memoryPattern: flagOf(
			parameter("enable_mem_pattern"),
			"enable_mem_pattern",
			true,
		),
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

function flagOf(
	text: string | undefined,
	key: string,
	whenAbsent: boolean,
): boolean {
	if (text === undefined) return whenAbsent;
	if (text === "0" || text === "1") return text === "1";
	throw new SaccadeError(
		"LOAD_FAILED",
		`parameter '${key}' is 0 or 1, got '${text}'`,
	);
}

/** The accelerators as listed. */
function providersOf(message: ConfigMessage): ExecutionProvider[] {
	const accelerators = message.optimization?.executionAccelerators;
	return [
		...(accelerators?.gpuExecutionAccelerator ?? []),
		...(accelerators?.cpuExecutionAccelerator ?? []),
	].map(({ name, parameters }) => ({ name, options: parameters }));
}

const OF_A_GPU: ReadonlySet<string> = new Set(["cuda", "tensorrt"]);

/** The same on one GPU: CUDA behind the accelerators that are listed, and each of them on that device. */
export function loadOnGpu(load: LoadOptions, cudaIndex: number): LoadOptions {
	const { providers = [] } = load;
	const listed = providers.some(({ name }) => name === "cuda")
		? providers
		: [...providers, { name: "cuda", options: {} }];
	const device = { device_id: String(cudaIndex) };
	return {
		...load,
		providers: listed.map(({ name, options }) => ({
			name,
			options: OF_A_GPU.has(name) ? { ...options, ...device } : options,
		})),
	};
}
