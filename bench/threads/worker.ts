// A lane as a worker thread: its own bindings on sessions that the main thread loaded, shared by address.
import { parentPort, workerData } from "node:worker_threads";
import { OnnxBinding } from "../../packages/server/src/runtime/onnx/binding.ts";
import { OrtEnvironment } from "../../packages/server/src/runtime/onnx/environment.ts";
import { findOrtLibrary } from "../../packages/server/src/runtime/onnx/library.ts";
import { loadOrtApi } from "../../packages/server/src/runtime/onnx/native.ts";
import { OffloadGate } from "../../packages/server/src/runtime/onnx/offload.ts";
import {
	type BenchModel,
	MODELS,
	type SharedSession,
	shapesOf,
} from "./lane.ts";

const port = parentPort;
if (port === null) throw new Error("this file is a worker");
const sessions = workerData as Readonly<Record<BenchModel, SharedSession>>;
const env = new OrtEnvironment(loadOrtApi(findOrtLibrary()));
const bindings = new Map(
	MODELS.map((model) => {
		const owner = {
			...sessions[model],
			threads: null,
			runStarted: () => {},
			runEnded: () => {},
			forget: () => {},
		};
		const request = shapesOf(owner);
		return [model, new OnnxBinding(owner, env, new OffloadGate(3), request)];
	}),
);
port.on("message", (model: BenchModel | "close") => {
	if (model === "close") {
		for (const binding of bindings.values()) binding.close();
		port.close();
		return;
	}
	bindings.get(model)?.run("inline", (error) => {
		if (error !== null) throw error;
		port.postMessage(null);
	});
});
port.postMessage(null);
