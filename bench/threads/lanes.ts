// The ways to run a model off the event loop: libuv's pool behind a gate, worker threads, ONNX Runtime's RunAsync.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { OnnxSession } from "../../packages/server/src/runtime/onnx/session.ts";
import { type BenchModel, type Lane, MODELS, shapesOf } from "./lane.ts";

export type Sessions = Readonly<Record<BenchModel, OnnxSession>>;

export function poolLane(sessions: Sessions): Lane {
	const bindings = new Map(
		MODELS.map((model) => [
			model,
			sessions[model].bind(shapesOf(sessions[model])),
		]),
	);
	return {
		run: (model) =>
			new Promise((resolve, reject) => {
				bindings
					.get(model)
					?.run("offload", (error) =>
						error === null ? resolve() : reject(error),
					);
			}),
		close: async () => {
			for (const binding of bindings.values()) binding.close();
		},
	};
}

export async function workerLane(sessions: Sessions): Promise<Lane> {
	const shared = Object.fromEntries(
		MODELS.map((model) => {
			const { handle, inputs, outputs, names } = sessions[model];
			const tables = { inputs: names.inputs, outputs: names.outputs };
			return [model, { handle, inputs, outputs, names: tables }];
		}),
	);
	const worker = new Worker(new URL("worker.ts", import.meta.url), {
		workerData: shared,
	});
	let resolveRun = () => {};
	await once(worker, "message");
	worker.on("message", () => resolveRun());
	return {
		run: (model) =>
			new Promise((resolve) => {
				resolveRun = resolve;
				worker.postMessage(model);
			}),
		close: async () => {
			const exit = once(worker, "exit");
			worker.postMessage("close");
			await exit;
		},
	};
}
