// What is done with a large JSON body, as plain data: the same function runs on the loop and in the thread.
import { type PlainError, toPlainError } from "../../../errors/plain-error.ts";
import type { TensorSpec } from "../../../tensor/tensor.ts";
import { type BodyParts, type ParsedBody, parseInfer } from "../decode.ts";
import { parseGenerate } from "../generate.ts";
import { type ParsedLoad, parseLoad } from "../load.ts";

export type JsonTask =
	| {
			readonly kind: "infer";
			readonly body: BodyParts;
			readonly modelName: string;
	  }
	| {
			readonly kind: "generate";
			readonly body: BodyParts;
			readonly inputs: readonly TensorSpec[];
	  }
	| { readonly kind: "load"; readonly body: BodyParts };

interface Results {
	readonly infer: ParsedBody;
	readonly generate: ParsedBody;
	readonly load: ParsedLoad;
}

export type JsonResult<Task extends JsonTask = JsonTask> =
	Results[Task["kind"]];

/** Throws SaccadeError. */
export function runJsonTask<Task extends JsonTask>(
	task: Task,
): JsonResult<Task> {
	return run(task) as JsonResult<Task>;
}

function run(task: JsonTask): JsonResult {
	switch (task.kind) {
		case "infer":
			return parseInfer(task.body, task.modelName);
		case "generate":
			return parseGenerate(task.body, task.inputs);
		case "load":
			return parseLoad(task.body);
	}
}

/** What the thread sends back. */
export type JsonAnswer =
	| { readonly ok: true; readonly result: JsonResult }
	| { readonly ok: false; readonly error: PlainError };

export function answerJsonTask(task: JsonTask): JsonAnswer {
	try {
		return { ok: true, result: run(task) };
	} catch (cause) {
		return { ok: false, error: toPlainError(cause) };
	}
}

/** The memory of a result's tensors and files, each once: it moves between threads. */
export function buffersOf(result: JsonResult): ArrayBuffer[] {
	const views =
		"inputs" in result
			? result.inputs.map(({ data }) => data)
			: [...result.files.values()];
	const buffers = new Set<ArrayBuffer>();
	for (const { buffer, byteLength } of views)
		if (buffer instanceof ArrayBuffer && byteLength > 0) buffers.add(buffer);
	return [...buffers];
}
