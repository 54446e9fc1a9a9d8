// What flows between the nodes of a pipeline: a port has a kind, and tensors a type and a shape besides. Steps of others
// may use kinds of their own; they fit where the name is the same.

import type {
	BoxMapping,
	Detections,
	EgoState,
	ImageU8,
	Pinhole,
	PlannedPath,
	Points,
	PoseHistory,
	RotatedDetections,
	Tracks,
} from "@saccade/perception";
import type { DType } from "@saccade/protocol";
import type { Tensor } from "../../tensor/tensor.ts";
import type {
	CloudPayload,
	Frame,
	ImagePayload,
	ImuPayload,
} from "../frame.ts";
import type { Decision } from "../pipeline.ts";

type FrameWith<Payload> = Frame & { readonly payload: Payload };

/** What the kinds that come with the server hold. */
export interface PortValues {
	/** Of sensors. */
	readonly image: FrameWith<ImagePayload>;
	readonly cloud: FrameWith<CloudPayload>;
	readonly imu: FrameWith<ImuPayload>;
	/** A plain reading. */
	readonly reading: Frame;
	/** RGB, one byte a channel, row by row. */
	readonly picture: ImageU8;
	readonly tensor: Tensor;
	readonly points: Points;
	/** From the pixels that a network saw back to those of the picture. */
	readonly mapping: BoxMapping;
	/** Upright boxes in a picture. */
	readonly boxes: Detections;
	/** The same, with the camera that saw them. */
	readonly sights: Sights;
	/** Rotated boxes on the ground. */
	readonly "ground-boxes": RotatedDetections;
	readonly tracks: TrackedObjects;
	/** Where the vehicle was lately, in the frame of its odometry. */
	readonly motion: PoseHistory;
	/** Where it means to go, in the same frame. */
	readonly path: PlannedPath;
	readonly decision: Decision;
}

export interface Sights {
	readonly boxes: Detections;
	/** Of the picture, on the server's clock. */
	readonly timeS: number;
	readonly camera: Pinhole;
}

export interface TrackedObjects {
	readonly tracks: Tracks;
	/** When they were last updated, on the server's clock. */
	readonly timeS: number;
	/** The vehicle then, in the frame of the tracks. */
	readonly ego: EgoState;
}

export interface Port<Kind extends string = string> {
	readonly kind: Kind;
	/** Of tensors; null: any. */
	readonly dtype: DType | null;
	/** −1: any size. Null: any shape. */
	readonly shape: readonly number[] | null;
	/** The step runs without it. Only of inputs. */
	readonly optional: boolean;
}

export type Ports = Readonly<Record<string, Port>>;

type ValueOf<P> =
	P extends Port<infer Kind>
		? Kind extends keyof PortValues
			? PortValues[Kind]
			: unknown
		: never;

/** What a step sees of its inputs, by name. */
export type InputsOf<P extends Ports> = {
	readonly [Name in keyof P]:
		| ValueOf<P[Name]>
		| (P[Name] extends { readonly optional: true } ? null : never);
};

/** What a step fills, by name. */
export type OutputsOf<P extends Ports> = {
	-readonly [Name in keyof P]: ValueOf<P[Name]>;
};

export function port<const Kind extends string>(
	kind: Kind,
): Port<Kind> & { readonly optional: false } {
	return { kind, dtype: null, shape: null, optional: false };
}

/** An input that may be absent; it is then null. */
export function optionalPort<const Kind extends string>(
	kind: Kind,
): Port<Kind> & { readonly optional: true } {
	return { kind, dtype: null, shape: null, optional: true };
}

export function tensorPort(
	dtype: DType | null,
	shape: readonly number[] | null,
): Port<"tensor"> & { readonly optional: false } {
	return { kind: "tensor", dtype, shape, optional: false };
}

/** `FP32[1, 3, 352, 352]`, `points`. */
export function portText({ kind, dtype, shape }: Port): string {
	if (kind !== "tensor") return kind;
	const sizes = shape?.map((size) => (size === -1 ? "?" : String(size)));
	return `${dtype ?? "tensor"}${sizes === undefined ? "" : `[${sizes.join(", ")}]`}`;
}

/** Whether what `from` gives can go into `to`; what is not known yet can. */
export function fits(from: Port, to: Port): boolean {
	if (from.kind !== to.kind) return false;
	if (from.dtype !== null && to.dtype !== null && from.dtype !== to.dtype)
		return false;
	if (from.shape === null || to.shape === null) return true;
	if (from.shape.length !== to.shape.length) return false;
	return from.shape.every((size, axis) => {
		const wanted = to.shape?.[axis] ?? -1;
		return size === -1 || wanted === -1 || size === wanted;
	});
}
