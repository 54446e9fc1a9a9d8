// Writes pictures for the camera detector, as the camera gives them, and what is seen in them.
//   node -C source models/camera_detector/dump-pictures.ts --set train --first 0 --drives 400
import {
	closeSync,
	mkdirSync,
	openSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CAMERA, labelPicture, observeDrives } from "@saccade/drive";
import { createImage } from "@saccade/perception";
import { isSceneSet, SCENE_SEEDS } from "../lib/scene-seeds.ts";

const { values } = parseArgs({
	options: {
		set: { type: "string", default: "train" },
		first: { type: "string", default: "0" },
		drives: { type: "string", default: "400" },
		"per-drive": { type: "string", default: "5" },
		out: { type: "string", default: ".cache/models/camera" },
	},
});
const { set } = values;
if (!isSceneSet(set)) throw new Error(`--set ${set}: train, valid or test`);
const firstSeed = SCENE_SEEDS[set] + Number(values.first);
const folder = join(values.out, `${set}-${values.first}`);
mkdirSync(folder, { recursive: true });

const { width, height } = CAMERA;
const picture = createImage(new Uint8Array(3 * width * height), width, height);
const pictureFile = openSync(join(folder, "pictures.u8"), "w");
const objects: number[] = [];
const objectEnds: number[] = [];

await observeDrives(
	{
		firstSeed,
		driveCount: Number(values.drives),
		perDrive: Number(values["per-drive"]),
	},
	(simulation) => {
		simulation.takePicture(picture);
		writeSync(pictureFile, picture.data);
		for (const patch of labelPicture(simulation))
			objects.push(
				patch.classId,
				patch.x1,
				patch.y1,
				patch.x2,
				patch.y2,
				patch.pixelCount,
			);
		objectEnds.push(objects.length / 6);
	},
);
closeSync(pictureFile);
writeFileSync(join(folder, "objects.f32"), new Float32Array(objects));
writeFileSync(
	join(folder, "object-ends.i64"),
	BigInt64Array.from(objectEnds, BigInt),
);
writeFileSync(
	join(folder, "pictures.json"),
	JSON.stringify({ width, height, pictures: objectEnds.length, firstSeed }),
);
