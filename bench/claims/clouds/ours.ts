// Ours: the message lands in a leased slot, is decoded where it lies, and the answer is written straight into another.
import { create, toBinary } from "@bufbuild/protobuf";
import {
	createFoxglovePointCloud,
	createPointCloudView,
	createPoints,
	decodeFoxglovePointCloud,
	encodeFoxglovePointCloudHead,
	foxglovePointCloudBytes,
	KITTI_LAYOUT,
	readPoints,
	setLayout,
	viewPackedCloud,
	writePoints,
} from "@saccade/perception";
import { SensorReadingSchema } from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import { SlotPool } from "../../../packages/server/src/tensor/slot-pool.ts";
import type { Lease } from "../../../packages/server/src/tensor/tensor.ts";
import { SensorReadingReader } from "../../../packages/server/src/wire/sensor-reading.ts";
import {
	type Contender,
	MAX_RANGE_M,
	MIN_RANGE_M,
	POINT_COUNT,
} from "./work.ts";

const RANGE = { minRangeM: MIN_RANGE_M, maxRangeM: MAX_RANGE_M };

export const OURS: Contender = {
	name: "ours",
	settings:
		"SensorReading in a leased slot, its points read in place, foxglove.PointCloud written into a leased slot",
	messages: (frames) =>
		frames.map((frame, i) =>
			toBinary(
				SensorReadingSchema,
				create(SensorReadingSchema, {
					timestampNs: BigInt(i),
					deviceId: "lidar",
					content: {
						case: "cloud",
						value: {
							layout: {
								case: "packed",
								value: { data: new Uint8Array(frame.buffer) },
							},
						},
					},
				}),
			),
		),
	prepare: () => {
		const pool = new SlotPool();
		const reader = new SensorReadingReader();
		const view = createPointCloudView();
		const points = createPoints(POINT_COUNT);
		const answer = createFoxglovePointCloud();
		answer.frameId = "lidar";
		let last: { bytes: Uint8Array; lease: Lease } | null = null;
		return {
			run: (message) => {
				const slot = pool.place(message.byteLength)!;
				slot.bytes.set(message);
				reader.read(slot.bytes);
				const { payload } = reader;
				if (payload?.kind !== "cloud" || payload.layout.kind !== "packed")
					throw new Error("the message carries no packed cloud");
				viewPackedCloud(payload.bytes, payload.layout, view);
				readPoints(view, points, RANGE);
				slot.lease.release();
				const to = answer.view;
				setLayout(to, KITTI_LAYOUT);
				to.strideBytes = KITTI_LAYOUT.strideBytes;
				to.rowCount = 1;
				to.pointsPerRow = points.count;
				to.rowStrideBytes = points.count * to.strideBytes;
				// Whoever sends it releases it when it is sent: here, when the next one is made.
				last?.lease.release();
				last = pool.place(foxglovePointCloudBytes(answer))!;
				to.data = last.bytes;
				if (to.dataView.buffer !== last.bytes.buffer)
					to.dataView = new DataView(last.bytes.buffer);
				to.dataOffsetBytes = encodeFoxglovePointCloudHead(answer, last.bytes);
				writePoints(points, to);
			},
			answer: () => {
				const decoded = createFoxglovePointCloud();
				decodeFoxglovePointCloud(last!.bytes, decoded);
				const kept = createPoints(POINT_COUNT);
				readPoints(decoded.view, kept);
				return kept.xyzi.slice(0, 4 * kept.count);
			},
		};
	},
};
