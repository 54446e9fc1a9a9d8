// What pipelines find, as Foxglove draws it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createTracks, TRACK_CONFIRMED } from "@saccade/perception";
import { FrameTransformsSchema } from "@saccade/protocol/gen/foxglove/FrameTransforms_pb.js";
import { ImageAnnotationsSchema } from "@saccade/protocol/gen/foxglove/ImageAnnotations_pb.js";
import { SceneUpdateSchema } from "@saccade/protocol/gen/foxglove/SceneUpdate_pb.js";
import {
	resultTensors,
	trackTensors,
} from "../../pipelines/graph/result-tensors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { boxesOf, imageAnnotations } from "./annotations.ts";
import { sceneUpdate, tracksOf } from "./scene.ts";
import { frameTransforms } from "./transforms.ts";

const AT = timestampFromMs(1000);

/** Two tracks, of which the second is not confirmed. */
function tracked(): Tensor[] {
	const tracks = createTracks(4);
	tracks.count = 2;
	tracks.stages[0] = TRACK_CONFIRMED;
	tracks.ids.set([7, 8]);
	tracks.classIds.set([1, 0]);
	tracks.xM[0] = 10;
	tracks.yM[0] = -2;
	tracks.velocityXMps[0] = 3;
	tracks.velocityYMps[0] = 4;
	tracks.lengthM[0] = 4.5;
	tracks.widthM[0] = 1.8;
	tracks.yawRad[0] = Math.PI / 2;
	return trackTensors("seen", tracks, { xM: 1, yM: 2, yawRad: Math.PI });
}

describe("what pipelines find", () => {
	test("tracks are boxes with their speed and name", () => {
		const found = tracksOf(tracked());
		assert.ok(found !== null);
		const bytes = sceneUpdate(found, ["car", "cyclist"], AT);
		const { entities } = fromBinary(SceneUpdateSchema, bytes);
		assert.equal(entities.length, 1);
		const [entity] = entities;
		assert.equal(entity?.id, "7");
		assert.equal(entity.frameId, "odom");
		const [cube] = entity.cubes;
		assert.deepEqual(
			[cube?.pose?.position?.x, cube?.pose?.position?.y],
			[10, -2],
		);
		assert.equal(cube?.size?.x, 4.5);
		assert.ok(
			Math.abs((cube?.pose?.orientation?.z ?? 0) - Math.SQRT1_2) < 1e-6,
		);
		const [arrow] = entity.arrows;
		assert.equal(arrow?.shaftLength, 5);
		assert.match(entity.texts[0]?.text ?? "", /^cyclist 7 +5\.0 m\/s$/);
	});

	test("of a class without a name are told by its number, and what stands still has no arrow", () => {
		const found = tracksOf(tracked());
		assert.ok(found !== null);
		found.states.fill(0, 2, 4);
		const bytes = sceneUpdate(found, [], AT);
		const [entity] = fromBinary(SceneUpdateSchema, bytes).entities;
		assert.match(entity?.texts[0]?.text ?? "", /^class 1 7/);
		assert.equal(entity?.arrows.length, 0);
	});

	test("the vehicle is where its tracks are, and its sensors are on it", () => {
		const bytes = frameTransforms(
			tracksOf(tracked()),
			[
				{
					parentFrameId: "base_link",
					childFrameId: "lidar",
					translation: [0.5, 0, 1.8],
					rotation: [0, 0, 0, 1],
				},
			],
			AT,
		);
		const { transforms } = fromBinary(FrameTransformsSchema, bytes);
		const [vehicle, lidar] = transforms;
		assert.deepEqual(
			[vehicle?.parentFrameId, vehicle?.childFrameId],
			["odom", "base_link"],
		);
		assert.deepEqual(
			[vehicle?.translation?.x, vehicle?.translation?.y],
			[1, 2],
		);
		assert.ok(Math.abs((vehicle?.rotation?.z ?? 0) - 1) < 1e-6);
		assert.equal(lidar?.translation?.z, 1.8);
		assert.equal(lidar?.rotation?.w, 1);
	});

	test("boxes lie over the picture, in both forms in which pipelines tell them", () => {
		const whole: Tensor = {
			name: "boxes",
			dtype: "FP32",
			shape: [1, 6],
			data: new Uint8Array(Float32Array.of(10, 20, 30, 60, 0.875, 1).buffer),
		};
		const parts = resultTensors("cars", "boxes", {
			count: 1,
			boxes: Float32Array.of(10, 20, 30, 60),
			scores: Float32Array.of(0.875),
			classIds: Int32Array.of(1),
		});
		const expected = [
			{ x1: 10, y1: 20, x2: 30, y2: 60, score: 0.875, classId: 1 },
		];
		assert.deepEqual(boxesOf([whole]), expected);
		assert.deepEqual(boxesOf(parts), expected);
		const bytes = imageAnnotations(expected, ["car", "person"], AT);
		const { points, texts } = fromBinary(ImageAnnotationsSchema, bytes);
		assert.deepEqual(
			points[0]?.points.map(({ x, y }) => [x, y]),
			[
				[10, 20],
				[30, 20],
				[30, 60],
				[10, 60],
			],
		);
		assert.equal(texts[0]?.text, "person 88 %");
	});

	test("nothing is found among outputs that are something else", () => {
		const other: Tensor = {
			name: "logits",
			dtype: "FP32",
			shape: [1, 10],
			data: new Uint8Array(40),
		};
		assert.equal(tracksOf([other]), null);
		assert.equal(boxesOf([other]), null);
		assert.deepEqual(
			boxesOf([{ ...other, shape: [0, 6], data: new Uint8Array(0) }]),
			[],
		);
	});
});
