import assert from "node:assert/strict";
import { test } from "node:test";
import { createTracks, TRACK_CONFIRMED } from "@saccade/perception";
import { trackTensors } from "./result-tensors.ts";

test("tracks are told as tensors once they are confirmed, with the vehicle among them", () => {
	const tracks = createTracks(4);
	tracks.count = 3;
	for (const i of [0, 2]) tracks.stages[i] = TRACK_CONFIRMED;
	for (let i = 0; i < 3; i++) {
		tracks.ids[i] = 10 + i;
		tracks.classIds[i] = i;
		tracks.xM[i] = 5 * i;
		tracks.yawRad[i] = 0.5;
	}
	const told = trackTensors("tracks", tracks, { xM: 1, yM: 2, yawRad: 0.25 });
	assert.deepEqual(
		told.map(({ name, dtype, shape }) => [name, dtype, shape]),
		[
			["tracks.states", "FP32", [2, 7]],
			["tracks.ids", "UINT32", [2]],
			["tracks.classes", "INT32", [2]],
			["tracks.vehicle", "FP32", [3]],
		],
	);
	const [states, ids, classes, vehicle] = told.map(
		({ data }) => Uint8Array.from(data).buffer,
	);
	assert.deepEqual(
		[...new Float32Array(states!)],
		[0, 0, 0, 0, 0, 0, 0.5, 10, 0, 0, 0, 0, 0, 0.5],
	);
	assert.deepEqual([...new Uint32Array(ids!)], [10, 12]);
	assert.deepEqual([...new Int32Array(classes!)], [0, 2]);
	assert.deepEqual([...new Float32Array(vehicle!)], [1, 2, 0.25]);
});
