import assert from "node:assert/strict";
import { test } from "node:test";
import { KITTI_LAYOUT } from "@saccade/perception";
import type { FramePayload } from "../pipelines/frame.ts";
import { faultOf } from "./payload-check.ts";

const image = (fields: object): FramePayload => ({
	kind: "image",
	encoding: "rgb8",
	width: 4,
	height: 2,
	rowStrideBytes: 0,
	bytes: new Uint8Array(24),
	...fields,
});

const cloud = (byteLength: number, fields: object = {}): FramePayload => ({
	kind: "cloud",
	layout: { kind: "packed", ...KITTI_LAYOUT, ...fields },
	bytes: new Uint8Array(byteLength),
});

const reasonOf = (payload: FramePayload | null, value = 0) =>
	faultOf(payload, value)?.reason ?? "fine";

test("plain readings must be numbers", () => {
	assert.equal(reasonOf(null, 1.5), "fine");
	assert.equal(reasonOf(null, Number.NaN), "not-finite");
	assert.equal(reasonOf(null, Number.NEGATIVE_INFINITY), "not-finite");
});

test("an image has bytes, a known encoding, and as many bytes as its size says", () => {
	assert.equal(reasonOf(image({})), "fine");
	assert.equal(reasonOf(image({ bytes: new Uint8Array(0) })), "empty-payload");
	assert.equal(reasonOf(image({ width: 0 })), "empty-payload");
	assert.equal(reasonOf(image({ bytes: new Uint8Array(23) })), "malformed");
	assert.equal(reasonOf(image({ encoding: "yuv9" })), "malformed");
	assert.equal(reasonOf(image({ rowStrideBytes: 11 })), "malformed");
	assert.equal(
		reasonOf(image({ rowStrideBytes: 16, bytes: new Uint8Array(28) })),
		"fine",
		"the last row needs no padding",
	);
	assert.equal(
		reasonOf(image({ encoding: "jpeg", width: 0, bytes: new Uint8Array(9) })),
		"fine",
	);
});

test("a packed cloud ends with a whole point; one without points is a sweep that hit nothing", () => {
	assert.equal(reasonOf(cloud(32)), "fine");
	assert.equal(reasonOf(cloud(0)), "fine");
	assert.equal(reasonOf(cloud(31)), "malformed");
	assert.equal(reasonOf(cloud(32, { strideBytes: 0 })), "malformed");
	assert.equal(reasonOf(cloud(24, { strideBytes: 12 })), "malformed");
});

test("points that are no numbers are no fault of the cloud", () => {
	const bytes = new Uint8Array(32).fill(0xff);
	assert.equal(
		reasonOf({
			kind: "cloud",
			layout: { kind: "packed", ...KITTI_LAYOUT },
			bytes,
		}),
		"fine",
	);
});

test("encoded clouds that are cut off or no clouds are named so", () => {
	for (const kind of ["foxglove", "point-cloud2"] as const) {
		const of = (bytes: Uint8Array) =>
			reasonOf({ kind: "cloud", layout: { kind }, bytes });
		assert.equal(of(new Uint8Array(0)), "empty-payload");
		assert.equal(of(Uint8Array.of(0x2a, 0x7f, 1, 2)), "malformed");
	}
});

test("an IMU reading is six numbers", () => {
	const of = (x: number) =>
		reasonOf({
			kind: "imu",
			angularVelocity: [0, 0, x],
			linearAcceleration: [0, 0, 9.8],
		});
	assert.equal(of(0.1), "fine");
	assert.equal(of(Number.NaN), "not-finite");
});
