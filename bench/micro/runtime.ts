// The model `mlp` in ONNX Runtime, bound as a lane binds it. `offload` beyond `inline` is the hop to another thread.
import type {
	Binding,
	RunMode,
} from "../../packages/server/src/runtime/runtime.ts";
import { type AnyCase, defineCase } from "./case.ts";
import { INPUT_FLOATS, OUTPUT_FLOATS } from "./support/mlp-parts.ts";
import { type MlpServer, startMlpServer } from "./support/mlp-server.ts";

interface Running {
	readonly server: MlpServer;
	readonly binding: Binding;
}

async function bindMlp(rows: number): Promise<Running> {
	const server = await startMlpServer();
	const binding = server.model.session.bind({
		inputShapes: [[rows, INPUT_FLOATS]],
		outputShapes: [[rows, OUTPUT_FLOATS]],
	});
	binding.inputs[0]?.fill(0);
	return { server, binding };
}

function settle(error: Error | null): void {
	if (error !== null) throw error;
}

function runOnce(binding: Binding, mode: RunMode): Promise<void> | undefined {
	if (mode === "inline") {
		binding.run("inline", settle);
		return undefined;
	}
	return new Promise((resolve, reject) => {
		binding.run("offload", (error) =>
			error === null ? resolve() : reject(error),
		);
	});
}

function runCase(rows: number, mode: RunMode, budget: "run" | null): AnyCase {
	return defineCase<Running>({
		name: `runtime/mlp/batch-${rows}/${mode}`,
		budget,
		requestCount: rows,
		setup: () => bindMlp(rows),
		run: ({ binding }) => runOnce(binding, mode),
		close: async ({ server, binding }) => {
			binding.close();
			await server.close();
		},
	});
}

export const runtimeCases: readonly AnyCase[] = [
	runCase(1, "inline", null),
	runCase(1, "offload", null),
	runCase(32, "inline", "run"),
	runCase(32, "offload", null),
];
