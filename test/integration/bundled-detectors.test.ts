// The bundled detectors on streets that they have not learnt from: a few scenes, so the bar is below what reports tell.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { judgeBev, judgeCamera, lidarDriver, runDrive } from "@saccade/drive";
import { openBevNetwork } from "../../models/lib/bev-network.ts";
import { openCameraNetwork } from "../../models/lib/camera-network.ts";
import { SCENE_SEEDS } from "../../models/lib/scene-seeds.ts";

const [BEV = "", CAMERA = ""] = ["bev", "camera"].map((name) =>
	fileURLToPath(
		new URL(
			`../../models/repository/${name}_detector/1/model.onnx`,
			import.meta.url,
		),
	),
);

test("the LiDAR detector finds what stands in the street", async () => {
	const result = await judgeBev(await openBevNetwork(BEV), {
		firstSeed: SCENE_SEEDS.test,
		driveCount: 10,
		perDrive: 3,
	});
	assert.ok(result.mean > 0.7, `mean average precision ${result.mean}`);
});

test("the camera detector finds what is seen of it", async () => {
	const result = await judgeCamera(await openCameraNetwork(CAMERA), {
		firstSeed: SCENE_SEEDS.test,
		driveCount: 20,
		perDrive: 3,
	});
	assert.ok(result.mean > 0.7, `mean average precision ${result.mean}`);
});

test("by its LiDAR the vehicle gets through a street, the same each time to the last bit", async () => {
	const network = await openBevNetwork(BEV);
	const drive = () =>
		runDrive({ seed: 7, durationS: 6, driver: () => lidarDriver(network) });
	const first = await drive();
	assert.equal(first.collision, null);
	assert.ok(first.progressM > 10, `${first.progressM} m`);
	assert.deepEqual(await drive(), first);
});
