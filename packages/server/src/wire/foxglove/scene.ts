// Tracks as Foxglove draws them: a box each, an arrow for its speed and a line of text; and where the vehicle is among
// them. They are in the frame in which the vehicle counts its own motion, which REP 105 calls `odom`.
// https://docs.foxglove.dev/docs/visualization/message-schemas/scene-update
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { SceneEntitySchema } from "@saccade/protocol/gen/foxglove/SceneEntity_pb.js";
import { SceneUpdateSchema } from "@saccade/protocol/gen/foxglove/SceneUpdate_pb.js";
import type { Tensor } from "../../tensor/tensor.ts";
import { colourOf } from "./colours.ts";

export const ODOMETRY_FRAME = "odom";
export const VEHICLE_FRAME = "base_link";

/** x, y, speed along x and y, length, width and yaw of each. */
const STATE_NUMBERS = 7;
/** Tracks are on the ground, and say nothing of their height. */
const HEIGHT_M = 1.6;
/** Beyond this a track that is told no more is gone. */
const LIFETIME_NS = 500_000_000;
/** Slower ones show no arrow. */
const LEAST_SPEED_MPS = 0.3;
/** An arrow is where the track will be by then. */
const ARROW_S = 1;

export interface Tracked {
	readonly states: Float32Array;
	readonly ids: Uint32Array;
	readonly classes: Int32Array;
	/** x, y and yaw of the vehicle among them. */
	readonly vehicle: Float32Array;
}

/** The tracks among a pipeline's outputs: see `trackTensors`. Null: there are none. */
export function tracksOf(outputs: readonly Tensor[]): Tracked | null {
	const states = outputs.find(
		({ name, shape }) => name.endsWith(".states") && shape[1] === STATE_NUMBERS,
	);
	if (states === undefined) return null;
	const prefix = states.name.slice(0, -".states".length);
	const named = (part: string) =>
		outputs.find(({ name }) => name === `${prefix}.${part}`);
	const [ids, classes, vehicle] = ["ids", "classes", "vehicle"].map(named);
	if (!ids || !classes || !vehicle) return null;
	return {
		states: new Float32Array(aligned(states)),
		ids: new Uint32Array(aligned(ids)),
		classes: new Int32Array(aligned(classes)),
		vehicle: new Float32Array(aligned(vehicle)),
	};
}

export function sceneUpdate(
	tracked: Tracked,
	classNames: readonly string[],
	timestamp: Timestamp,
): Uint8Array {
	const entities: MessageInitShape<typeof SceneEntitySchema>[] = [];
	for (let i = 0; i < tracked.ids.length; i++)
		entities.push(entityOf(tracked, i, classNames, timestamp));
	return toBinary(SceneUpdateSchema, create(SceneUpdateSchema, { entities }));
}

function entityOf(
	{ states, ids, classes }: Tracked,
	index: number,
	classNames: readonly string[],
	timestamp: Timestamp,
): MessageInitShape<typeof SceneEntitySchema> {
	const at = STATE_NUMBERS * index;
	const [x = 0, y = 0, vx = 0, vy = 0, length = 0, width = 0, yaw = 0] =
		states.subarray(at, at + STATE_NUMBERS);
	const classId = classes[index] ?? 0;
	const speed = Math.hypot(vx, vy);
	const name = classNames[classId] ?? `class ${classId}`;
	const color = colourOf(classId);
	return {
		timestamp,
		frameId: ODOMETRY_FRAME,
		id: String(ids[index]),
		lifetime: { seconds: 0n, nanos: LIFETIME_NS },
		cubes: [
			{
				pose: poseAt(x, y, HEIGHT_M / 2, yaw),
				size: { x: length, y: width, z: HEIGHT_M },
				color: { ...color, a: 0.5 },
			},
		],
		arrows:
			speed < LEAST_SPEED_MPS
				? []
				: [
						{
							pose: poseAt(x, y, HEIGHT_M / 2, Math.atan2(vy, vx)),
							shaftLength: speed * ARROW_S,
							shaftDiameter: 0.15,
							headLength: 0.5,
							headDiameter: 0.4,
							color,
						},
					],
		texts: [
			{
				pose: poseAt(x, y, HEIGHT_M + 0.8, 0),
				billboard: true,
				fontSize: 14,
				scaleInvariant: true,
				color,
				text: `${name} ${ids[index]}  ${speed.toFixed(1)} m/s`,
			},
		],
	};
}

export function poseAt(x: number, y: number, z: number, yaw: number) {
	return {
		position: { x, y, z },
		orientation: { x: 0, y: 0, z: Math.sin(yaw / 2), w: Math.cos(yaw / 2) },
	};
}

/** A copy: where its bytes lie may be at any offset. */
function aligned({ data }: Tensor): ArrayBuffer {
	return Uint8Array.from(data).buffer;
}
