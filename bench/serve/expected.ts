// The answers, from onnxruntime-node's own binding: an oracle that shares no code with the server.
import * as ort from "onnxruntime-node";
import { bytesOf, makeInputs, type WorkloadModel } from "../load/workload.ts";

/** One base64 FP32 tensor per distinct input. */
export async function expectedAnswers(
	path: string,
	model: WorkloadModel,
): Promise<string[]> {
	const session = await ort.InferenceSession.create(path, {
		intraOpNumThreads: 1,
	});
	const answers: string[] = [];
	for (const input of makeInputs(model)) {
		const feeds = {
			[model.input]: new ort.Tensor("float32", input, model.inputShape),
		};
		const output = (await session.run(feeds))[model.output];
		if (output === undefined)
			throw new Error(`${path} has no output ${model.output}`);
		answers.push(
			Buffer.from(bytesOf(output.data as Float32Array)).toString("base64"),
		);
	}
	await session.release();
	return answers;
}
