// What a payload must hold before anything runs on it: sizes that agree with each other. Points that are no numbers are
// no fault: sensors mark returns that way which they did not get, and readers of clouds skip them.

import {
	createFoxglovePointCloud,
	createPointCloudView,
	createRosPointCloud2,
	decodeFoxglovePointCloud,
	decodeRosPointCloud2,
	numericTypeBytes,
	type PackedLayout,
	viewPackedCloud,
} from "@saccade/perception";
import type { FrameReason } from "@saccade/protocol";
import type {
	CloudPayload,
	FramePayload,
	ImagePayload,
	ImuPayload,
} from "../pipelines/frame.ts";

export interface Fault {
	readonly reason: FrameReason;
	readonly detail: string;
}

// Checks are synchronous and never nested: one view serves all.
const view = createPointCloudView();
const foxglove = createFoxglovePointCloud();
const ros = createRosPointCloud2();

/** Null when there is nothing to object to. */
export function faultOf(
	payload: FramePayload | null,
	value: number,
): Fault | null {
	if (payload === null)
		return Number.isFinite(value)
			? null
			: { reason: "not-finite", detail: `a reading of ${value}` };
	switch (payload.kind) {
		case "image":
			return imageFault(payload);
		case "cloud":
			return cloudFault(payload);
		case "imu":
			return imuFault(payload);
		case "tensors":
			return payload.tensors.length > 0
				? null
				: { reason: "empty-payload", detail: "no tensors" };
	}
}

const RAW_PIXEL_BYTES: ReadonlyMap<string, number> = new Map([
	["rgb8", 3],
	["bgr8", 3],
	["rgba8", 4],
	["bgra8", 4],
	["mono8", 1],
	["mono16", 2],
]);
const COMPRESSED: ReadonlySet<string> = new Set(["jpeg", "png", "webp"]);

function imageFault(image: ImagePayload): Fault | null {
	const { encoding, width, height, bytes } = image;
	if (bytes.byteLength === 0)
		return { reason: "empty-payload", detail: "an image of 0 bytes" };
	if (COMPRESSED.has(encoding)) return null;
	const pixelBytes = RAW_PIXEL_BYTES.get(encoding);
	if (pixelBytes === undefined)
		return malformed(
			`image encoding '${encoding.slice(0, 50)}'; known are ${[...RAW_PIXEL_BYTES.keys(), ...COMPRESSED].join(", ")}`,
		);
	if (width === 0 || height === 0)
		return { reason: "empty-payload", detail: `${width} × ${height} pixels` };
	const rowBytes = width * pixelBytes;
	const strideBytes =
		image.rowStrideBytes === 0 ? rowBytes : image.rowStrideBytes;
	if (strideBytes < rowBytes)
		return malformed(
			`rows of ${strideBytes} bytes do not hold ${width} ${encoding} pixels`,
		);
	const neededBytes = strideBytes * (height - 1) + rowBytes;
	if (bytes.byteLength < neededBytes)
		return malformed(
			`${width} × ${height} ${encoding} pixels take ${neededBytes} bytes, ${bytes.byteLength} came`,
		);
	return null;
}

function cloudFault({ layout, bytes }: CloudPayload): Fault | null {
	if (bytes.byteLength === 0 && layout.kind !== "packed")
		return { reason: "empty-payload", detail: "a point cloud of 0 bytes" };
	try {
		switch (layout.kind) {
			case "packed":
				assertLayout(layout);
				viewPackedCloud(bytes, layout, view);
				return null;
			case "foxglove":
				decodeFoxglovePointCloud(bytes, foxglove);
				return null;
			case "point-cloud2":
				decodeRosPointCloud2(bytes, ros);
				return null;
		}
	} catch (error) {
		return malformed(error instanceof Error ? error.message : "point cloud");
	}
}

function assertLayout({ strideBytes, fields }: PackedLayout): void {
	if (strideBytes === 0) throw new RangeError("points of 0 bytes");
	for (const { name, offsetBytes, type } of fields)
		if (offsetBytes + numericTypeBytes(type) > strideBytes)
			throw new RangeError(
				`field '${name}' ends at byte ${offsetBytes + numericTypeBytes(type)} of a point of ${strideBytes} bytes`,
			);
}

function imuFault({ angularVelocity, linearAcceleration }: ImuPayload) {
	const all = [...angularVelocity, ...linearAcceleration];
	return all.every(Number.isFinite)
		? null
		: ({ reason: "not-finite", detail: `an IMU reading of ${all}` } as const);
}

function malformed(detail: string): Fault {
	return { reason: "malformed", detail };
}
