// Real sensor frames through sensor streams: sweeps as packed rows and as PointCloud2 into filters and voxels, a camera
// picture into a detector over gRPC.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import {
	BilinearResizer,
	COCO_NAMES,
	createDetections,
	createPointCloudView,
	createPoints,
	createRosPointCloud2,
	decodeRosPointCloud2,
	encodeRosPointCloud2,
	KITTI_LAYOUT,
	keepInRange,
	mapBoxes,
	NonMaximumSuppression,
	NUSCENES_LAYOUT,
	type PackedLayout,
	type PointCloudView,
	type Points,
	pickDecoder,
	readPoints,
	rosPointCloud2Bytes,
	stretchMapping,
	TensorPacker,
	VoxelGrid,
	viewPackedCloud,
} from "@saccade/perception";
import {
	type PackedPointsSchema,
	PointType,
} from "@saccade/protocol/gen/saccade/v1/payload_pb.js";
import * as pb from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import sharp from "sharp";
import type { Frame } from "../../packages/server/src/pipelines/frame.ts";
import type { Pipeline } from "../../packages/server/src/pipelines/pipeline.ts";
import {
	createStreams,
	Log,
	openStream,
	readingOf,
} from "../../packages/server/src/streams/testing/harness.ts";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { SensorReadingReader } from "../../packages/server/src/wire/sensor-reading.ts";
import {
	addModelFile,
	makeModelRepository,
} from "../support/model-repository.ts";
import { sharedPath, skipWithoutShared } from "../support/shared-data.ts";
import { startTestServer } from "../support/test-server.ts";
import { until } from "../support/until.ts";

const CAPACITY = 40_000;
const KITTI = "data/kitti/000008.bin";
const NUSCENES = "data/nuscenes/LIDAR_TOP.bin";

/** What the pipeline does to a sweep, and what is expected of the file itself. */
function thinned(view: PointCloudView): Points {
	const points = createPoints(CAPACITY);
	readPoints(view, points);
	keepInRange(points, 3, 60);
	new VoxelGrid({ voxelM: 0.5, capacity: CAPACITY }).thin(points, points);
	return points;
}

class ThinningPipeline implements Pipeline {
	readonly name = "thin";
	readonly requests = {};
	readonly join = null;
	readonly clouds: Points[] = [];

	open() {
		return {
			process: ({ payload }: Frame) => {
				assert.ok(payload?.kind === "cloud");
				const view = createPointCloudView();
				if (payload.layout.kind === "packed")
					viewPackedCloud(payload.bytes, payload.layout, view);
				else {
					const cloud = createRosPointCloud2();
					decodeRosPointCloud2(payload.bytes, cloud);
					Object.assign(view, cloud.view);
				}
				this.clouds.push(thinned(view));
				return { decision: null, outputs: [], stages: [] };
			},
			close: () => {},
		};
	}
}

type Packed = NonNullable<
	Parameters<typeof create<typeof PackedPointsSchema>>[1]
>;

function packedOf(file: Uint8Array, layout: PackedLayout): Packed {
	return {
		pointStride: layout.strideBytes,
		fields: layout.fields.map(({ name, offsetBytes }) => ({
			name,
			offset: offsetBytes,
			type: PointType.FLOAT32,
		})),
		data: file,
	};
}

/** The message of a client through the decoder and a stream, to what its pipeline made of it. */
function throughStream(message: Uint8Array): Points {
	const streams = createStreams();
	const pipeline = new ThinningPipeline();
	streams.pipelines.set(pipeline.name, pipeline);
	const { stream, log } = openStream(
		streams,
		{},
		{ pipeline: "thin" },
		new Log(),
	);
	const reader = new SensorReadingReader();
	reader.read(message);
	stream.reading(readingOf(streams.clock, 1, { payload: reader.payload }));
	assert.deepEqual(log.lines, ["1 RESULT"]);
	const [cloud] = pipeline.clouds;
	assert.ok(cloud !== undefined);
	streams.set.close();
	return cloud;
}

describe("real sweeps through a stream", {
	skip: skipWithoutShared(KITTI, NUSCENES),
}, () => {
	for (const [path, layout] of [
		[KITTI, KITTI_LAYOUT],
		[NUSCENES, NUSCENES_LAYOUT],
	] as const) {
		const file = readFileSync(sharedPath(path));
		const view = createPointCloudView();
		viewPackedCloud(file, layout, view);

		test(`${path}, as packed rows, is filtered and thinned as the file is`, () => {
			const value = { case: "packed", value: packedOf(file, layout) } as const;
			const message = create(pb.SensorReadingSchema, {
				content: { case: "cloud", value: { layout: value } },
			});
			const cloud = throughStream(toBinary(pb.SensorReadingSchema, message));
			assert.ok(cloud.count > 1000, `${cloud.count} voxels`);
			assert.deepEqual(cloud, thinned(view));
		});

		test(`${path}, as PointCloud2, is filtered and thinned as the file is`, () => {
			const ros = createRosPointCloud2();
			Object.assign(ros, { frameId: "lidar", view });
			const bytes = new Uint8Array(rosPointCloud2Bytes(ros));
			encodeRosPointCloud2(ros, bytes);
			const value = { case: "pointCloud2", value: bytes } as const;
			const message = create(pb.SensorReadingSchema, {
				content: { case: "cloud", value: { layout: value } },
			});
			const cloud = throughStream(toBinary(pb.SensorReadingSchema, message));
			assert.deepEqual(cloud, thinned(view));
		});
	}
});

const MODEL = "models/fastestdet/FastestDet.onnx";
const PICTURES = {
	"data/kitti/000008.png": ["car", "car", "car", "car", "car", "car"],
	"data/coco/1.jpg": ["bus"],
} as const;
const INPUT = { width: 352, height: 352 };

describe("FastestDet behind a stream", {
	skip: skipWithoutShared(MODEL, ...Object.keys(PICTURES)),
}, () => {
	test("finds in camera frames what it is known to find, over gRPC", {
		timeout: 120_000,
	}, async (t) => {
		const repository = makeModelRepository(t);
		addModelFile(repository, "fastestdet", sharedPath(MODEL));
		const server = await startTestServer(repository);
		t.after(() => server.close());
		const client = new TestClient(server.grpcAddress);
		t.after(() => client.close());
		const call = client.bidi({
			path: "/saccade.v1.SensorPipeline/StreamTelemetry",
			request: pb.SensorReadingSchema,
			response: pb.ControlCommandSchema,
		});
		const outcomes: pb.FrameOutcome[] = [];
		call.on("data", (command: pb.ControlCommand) =>
			outcomes.push(...command.outcomes),
		);
		call.write(
			create(pb.SensorReadingSchema, {
				content: { case: "open", value: { pipeline: "model:fastestdet" } },
			}),
		);
		for (const [i, [picture, expected]] of Object.entries(PICTURES).entries()) {
			const { data, size } = await inputOf(picture);
			call.write(
				create(pb.SensorReadingSchema, {
					timestampNs: process.hrtime.bigint(),
					deviceId: "camera",
					sequence: BigInt(i + 1),
					content: {
						case: "tensors",
						value: {
							tensors: [
								{
									name: "input.1",
									datatype: "FP32",
									shape: [1n, 3n, 352n, 352n],
									data,
								},
							],
						},
					},
				}),
			);
			await until("its outcome is here", () => outcomes.length === i + 1);
			const outcome = outcomes[i];
			assert.equal(outcome?.outcome, pb.Outcome.RESULT, outcome?.detail);
			const [output] = outcome?.outputs ?? [];
			assert.ok(output !== undefined);
			assert.deepEqual(labelsOf(output, size), expected);
		}
		call.end();
	});
});

async function inputOf(picture: string) {
	const { data, info } = await sharp(sharedPath(picture), { ignoreIcc: true })
		.removeAlpha()
		.raw()
		.toBuffer({ resolveWithObject: true });
	const size = { width: info.width, height: info.height };
	const resized = new Uint8Array(3 * INPUT.width * INPUT.height);
	new BilinearResizer({
		sourceWidth: size.width,
		sourceHeight: size.height,
		...INPUT,
	}).resize(data, resized);
	const packer = new TensorPacker({ ...INPUT, swapRedBlue: true });
	const tensor = new Float32Array(packer.elementCount);
	packer.pack(resized, tensor);
	return { data: new Uint8Array(tensor.buffer), size };
}

function labelsOf(
	output: { readonly shape: readonly bigint[]; readonly data: Uint8Array },
	size: { readonly width: number; readonly height: number },
): string[] {
	const values = new Float32Array(new Uint8Array(output.data).buffer);
	const options = { inputWidth: INPUT.width, inputHeight: INPUT.height };
	const picked = pickDecoder([output.shape.map(Number)], options);
	assert.ok(picked?.decoder.layout === "anchor-free-grid");
	const { decoder } = picked;
	const candidates = createDetections(decoder.candidateCount);
	const kept = createDetections(decoder.candidateCount);
	decoder.decode(values, 0.65, candidates);
	mapBoxes(candidates, stretchMapping(INPUT, size));
	new NonMaximumSuppression(decoder.candidateCount).run(candidates, kept);
	return Array.from(
		kept.classIds.subarray(0, kept.count),
		(id) => COCO_NAMES[id] ?? String(id),
	);
}
