// A process of its own that opens a model by the cache of prepared models. Prints what came of it as a line of JSON.
import { once } from "node:events";
import { statusBytes } from "../../bench/claims/prepared/memory.ts";
import { createOnnxRuntime } from "../../packages/server/src/runtime/onnx/onnx-runtime.ts";
import { PreparedModels } from "../../packages/server/src/runtime/onnx/prepared/prepared-models.ts";
import { answerOf } from "../../packages/server/src/runtime/onnx/prepared/testing/dense-model.ts";

export interface ProbeRequest {
	/** `ask`: once, and end. `hold`: once, and stay until the input ends. `cycles`: again and again. */
	readonly kind: "ask" | "hold" | "cycles";
	readonly cache: string;
	readonly path: string;
	/** Each of two times, for `cycles`. */
	readonly count?: number;
}

export interface ProbeAnswer {
	readonly answer: readonly number[];
	readonly warnings: readonly string[];
	readonly phases: readonly string[];
	/** After the first and after the second `count` of cycles. */
	readonly residentBytes: readonly number[];
}

const request = JSON.parse(process.argv[2] ?? "") as ProbeRequest;
const runtime = createOnnxRuntime({ poolThreads: 4, intraOpThreadCount: 1 });
const warnings: string[] = [];
const phases: string[] = [];
const models = new PreparedModels({
	mode: "on",
	folder: request.cache,
	maxBytes: 2 ** 30,
	runtime,
	libraryPath: null,
	warn: (text) => warnings.push(text),
});
const residentBytes: number[] = [];
if (request.kind === "cycles")
	for (let half = 0; half < 2; half++) {
		for (let turn = 0; turn < (request.count ?? 0); turn++) {
			const session = await open();
			answerOf(session);
			session.close();
			await runtime.settled();
		}
		(globalThis.gc as () => void)();
		residentBytes.push(statusBytes("VmRSS"));
	}
phases.length = 0;
const session = await open();
const answer = answerOf(session);
const told: ProbeAnswer = { answer, warnings, phases, residentBytes };
process.stdout.write(`${JSON.stringify(told)}\n`);
if (request.kind === "hold") {
	process.stdin.resume();
	await once(process.stdin, "end");
}
session.close();
models.close();
runtime.close();

function open() {
	return models.open({
		path: request.path,
		bytes: 2 ** 30,
		options: {},
		weights: "mapped",
		phase: (phase) => phases.push(phase),
	});
}
