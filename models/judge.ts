// Judges a bundled model on streets that it has not learnt from, and prints one JSON object.
//   node -C source models/judge.ts bev
//   node -C source models/judge.ts camera --model .cache/models/camera/work/model.onnx --drives 100
import { parseArgs } from "node:util";
import {
	judgeBev,
	judgeCamera,
	OBJECT_CLASSES,
	type PrecisionResult,
} from "@saccade/drive";
import { openBevNetwork } from "./lib/bev-network.ts";
import { openCameraNetwork } from "./lib/camera-network.ts";
import { isSceneSet, SCENE_SEEDS } from "./lib/scene-seeds.ts";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		model: { type: "string" },
		set: { type: "string", default: "test" },
		drives: { type: "string", default: "120" },
		"per-drive": { type: "string", default: "5" },
		iou: { type: "string", default: "0.5" },
	},
});
const [name] = positionals;
const { set } = values;
if (!isSceneSet(set)) throw new Error(`--set ${set}: train, valid or test`);
const observed = {
	firstSeed: SCENE_SEEDS[set],
	driveCount: Number(values.drives),
	perDrive: Number(values["per-drive"]),
};
const file = values.model ?? `models/repository/${name}_detector/1/model.onnx`;
const result = await judge();
const byClass = (numbers: readonly number[]) =>
	Object.fromEntries(OBJECT_CLASSES.map((one, i) => [one, numbers[i]]));
console.log(
	JSON.stringify({
		model: name,
		scenes: observed.driveCount * observed.perDrive,
		iou: Number(values.iou),
		map: result.mean,
		perClass: byClass(result.perClass),
		objects: byClass(result.trueCounts),
	}),
);

async function judge(): Promise<PrecisionResult> {
	const iou = Number(values.iou);
	if (name === "camera")
		return judgeCamera(await openCameraNetwork(file), observed, iou);
	if (name === "bev")
		return judgeBev(await openBevNetwork(file), observed, iou);
	throw new Error(`"${name}": bev or camera`);
}
