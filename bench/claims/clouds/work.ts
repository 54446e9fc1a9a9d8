// What every contender of the claim about point clouds does with a frame: an encoded message in, its points from 1 to
// 60 m as x, y, z, intensity, an encoded message out. And the contenders that other libraries make possible.
import {
	create,
	createFileRegistry,
	type DescMessage,
	fromBinary,
	toBinary,
} from "@bufbuild/protobuf";
import {
	FieldDescriptorProto_Label,
	FieldDescriptorProto_Type,
	FileDescriptorProtoSchema,
	FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import protobufjs from "protobufjs";
import { mulberry32 } from "../../lib/stats.ts";

export const POINT_COUNT = 8192;
export const MIN_RANGE_M = 1;
export const MAX_RANGE_M = 60;
/** Distinct frames, sent in turn. */
export const FRAME_COUNT = 64;

export interface Contender {
	readonly name: string;
	readonly settings: string;
	/** The messages that arrive, one per distinct frame. */
	messages(frames: readonly Float32Array[]): Uint8Array[];
	/** From the bytes of a message, which are the socket's, to those of the answer. */
	prepare(): {
		run(message: Uint8Array): void;
		/** x, y, z, intensity of what the last run answered. */
		answer(): Float32Array;
	};
}

/** x, y, z, intensity of a sweep: some 70 % of the points are in range. */
export function makeFrames(count: number): Float32Array[] {
	const random = mulberry32(7);
	return Array.from({ length: count }, () => {
		const xyzi = new Float32Array(4 * POINT_COUNT);
		for (let at = 0; at < xyzi.length; at += 4) {
			const azimuth = 2 * Math.PI * random();
			const range = 90 * random();
			xyzi[at] = range * Math.cos(azimuth);
			xyzi[at + 1] = range * Math.sin(azimuth);
			xyzi[at + 2] = 4 * random() - 1.8;
			xyzi[at + 3] = random();
		}
		return xyzi;
	});
}

/** What a run must answer. */
export function inRange(frame: Float32Array): number[] {
	const kept: number[] = [];
	for (let at = 0; at < frame.length; at += 4)
		if (isInRange(frame[at]!, frame[at + 1]!, frame[at + 2]!))
			kept.push(...frame.subarray(at, at + 4));
	return kept;
}

export function isInRange(x: number, y: number, z: number): boolean {
	const squared = x * x + y * y + z * z;
	return squared >= MIN_RANGE_M ** 2 && squared <= MAX_RANGE_M ** 2;
}

/** `Cloud { string frame_id; repeated Point points }`, and the same with packed floats and with bytes. */
const PROTO = `syntax = "proto3"; package bench;
message Point { float x = 1; float y = 2; float z = 3; float intensity = 4; }
message Cloud { string frame_id = 1; repeated Point points = 2; }
message PackedCloud { string frame_id = 1; repeated float xyzi = 2; }
message BytesCloud { string frame_id = 1; bytes xyzi = 2; }`;

interface Point {
	x: number;
	y: number;
	z: number;
	intensity: number;
}
interface Cloud {
	frameId: string;
	points: Point[];
}
interface PackedCloud {
	frameId: string;
	xyzi: number[];
}
interface BytesCloud {
	frameId: string;
	xyzi: Uint8Array;
}

/** Encodes and decodes one message type. */
interface Codec<T> {
	decode(bytes: Uint8Array): T;
	encode(message: T): Uint8Array;
}

const root = protobufjs.parse(PROTO).root;

function byProtobufjs<T>(name: string): Codec<T> {
	const type = root.lookupType(`bench.${name}`);
	return {
		decode: (bytes) => type.decode(bytes) as unknown as T,
		encode: (message) => type.encode(message as object).finish(),
	};
}

const { FLOAT, STRING, BYTES, MESSAGE } = FieldDescriptorProto_Type;
const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;
const field = (
	name: string,
	number: number,
	type: FieldDescriptorProto_Type,
	more: { label?: FieldDescriptorProto_Label; typeName?: string } = {},
) => ({ name, number, type, label: OPTIONAL, jsonName: name, ...more });
const frameId = {
	...field("frame_id", 1, STRING),
	jsonName: "frameId",
};
const registry = createFileRegistry(
	create(FileDescriptorSetSchema, {
		file: [
			create(FileDescriptorProtoSchema, {
				name: "bench.proto",
				package: "bench",
				syntax: "proto3",
				messageType: [
					{
						name: "Point",
						field: ["x", "y", "z", "intensity"].map((name, i) =>
							field(name, i + 1, FLOAT),
						),
					},
					{
						name: "Cloud",
						field: [
							frameId,
							field("points", 2, MESSAGE, {
								label: REPEATED,
								typeName: ".bench.Point",
							}),
						],
					},
					{
						name: "PackedCloud",
						field: [frameId, field("xyzi", 2, FLOAT, { label: REPEATED })],
					},
					{ name: "BytesCloud", field: [frameId, field("xyzi", 2, BYTES)] },
				],
			}),
		],
	}),
);

function byProtobufEs<T extends object>(name: string): Codec<T> {
	const schema = registry.getMessage(`bench.${name}`) as DescMessage;
	return {
		decode: (bytes) => fromBinary(schema, bytes) as unknown as T,
		encode: (message) => toBinary(schema, create(schema, message as never)),
	};
}

/** What a library hands its user: a message of its own, copied out of the socket's buffer. */
const arrived = (message: Uint8Array) => new Uint8Array(message);

function pointsContender(library: string, codec: Codec<Cloud>): Contender {
	return {
		name: `${library}, repeated Point`,
		settings: `${library}: repeated Point { float x, y, z, intensity }, decoded, filtered, encoded`,
		messages: (frames) =>
			frames.map((frame) =>
				codec.encode({ frameId: "lidar", points: pointsOf(frame) }),
			),
		prepare: () => {
			let last: Uint8Array = new Uint8Array(0);
			return {
				run: (message) => {
					const cloud = codec.decode(arrived(message));
					const points = cloud.points.filter(({ x, y, z }) =>
						isInRange(x, y, z),
					);
					last = codec.encode({ frameId: cloud.frameId, points });
				},
				answer: () =>
					Float32Array.from(
						codec
							.decode(last)
							.points.flatMap(({ x, y, z, intensity }) => [x, y, z, intensity]),
					),
			};
		},
	};
}

function pointsOf(frame: Float32Array): Point[] {
	return Array.from({ length: frame.length / 4 }, (_, i) => ({
		x: frame[4 * i]!,
		y: frame[4 * i + 1]!,
		z: frame[4 * i + 2]!,
		intensity: frame[4 * i + 3]!,
	}));
}

function packedContender(
	library: string,
	codec: Codec<PackedCloud>,
): Contender {
	return {
		name: `${library}, repeated float`,
		settings: `${library}: repeated float, packed, decoded, filtered, encoded`,
		messages: (frames) =>
			frames.map((frame) =>
				codec.encode({ frameId: "lidar", xyzi: [...frame] }),
			),
		prepare: () => {
			let last: Uint8Array = new Uint8Array(0);
			return {
				run: (message) => {
					const { frameId, xyzi } = codec.decode(arrived(message));
					const kept: number[] = [];
					for (let at = 0; at < xyzi.length; at += 4)
						if (isInRange(xyzi[at]!, xyzi[at + 1]!, xyzi[at + 2]!))
							kept.push(xyzi[at]!, xyzi[at + 1]!, xyzi[at + 2]!, xyzi[at + 3]!);
					last = codec.encode({ frameId, xyzi: kept });
				},
				answer: () => Float32Array.from(codec.decode(last).xyzi),
			};
		},
	};
}

/** The best that a user can do by hand: no object per number, but a buffer per step. */
function bytesContender(library: string, codec: Codec<BytesCloud>): Contender {
	return {
		name: `${library}, bytes`,
		settings: `${library}: points as bytes, read through a Float32Array, a new one per frame`,
		messages: (frames) =>
			frames.map((frame) =>
				codec.encode({ frameId: "lidar", xyzi: new Uint8Array(frame.buffer) }),
			),
		prepare: () => {
			let last: Uint8Array = new Uint8Array(0);
			return {
				run: (message) => {
					const { frameId, xyzi } = codec.decode(arrived(message));
					const view = new Float32Array(new Uint8Array(xyzi).buffer);
					const kept = new Float32Array(view.length);
					let to = 0;
					for (let at = 0; at < view.length; at += 4) {
						if (!isInRange(view[at]!, view[at + 1]!, view[at + 2]!)) continue;
						kept[to] = view[at]!;
						kept[to + 1] = view[at + 1]!;
						kept[to + 2] = view[at + 2]!;
						kept[to + 3] = view[at + 3]!;
						to += 4;
					}
					last = codec.encode({
						frameId,
						xyzi: new Uint8Array(kept.buffer, 0, 4 * to),
					});
				},
				answer: () =>
					new Float32Array(new Uint8Array(codec.decode(last).xyzi).buffer),
			};
		},
	};
}

/** Typed messages: what the plain path through protobuf is. */
export const PLAIN: readonly Contender[] = [
	pointsContender("protobuf-es", byProtobufEs("Cloud")),
	pointsContender("protobufjs", byProtobufjs("Cloud")),
	packedContender("protobuf-es", byProtobufEs("PackedCloud")),
	packedContender("protobufjs", byProtobufjs("PackedCloud")),
];

export const BY_HAND: readonly Contender[] = [
	bytesContender("protobuf-es", byProtobufEs("BytesCloud")),
	bytesContender("protobufjs", byProtobufjs("BytesCloud")),
];
