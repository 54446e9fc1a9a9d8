// The points of a sweep in the scene: by the graphics card, or by the processor where there is none.
import type { MediaHead } from "@saccade/protocol/console";
import type { Color, Matrix4, Object3D } from "three";

export type CloudHead = Extract<MediaHead, { readonly kind: "cloud" }>;

/** Colours by height. */
export interface Ramp {
	readonly low: Color;
	readonly middle: Color;
	readonly high: Color;
}

/** Heights between which the ramp lies, and where its middle colour is, as a share of the way. */
export const RAMP = { fromM: -0.3, toM: 3.5, middle: 0.4 } as const;
/** What a point that reflects nothing has of its colour, and what one that reflects all has beyond. */
export const SHINE = { least: 0.62, more: 0.6 } as const;
/** Pixels of a point one metre away. */
export const PIXELS_AT_1_M = 26;

export interface CloudPoints {
	readonly object: Object3D;
	/** @param mount from the sensor's place to the vehicle's */
	set(head: CloudHead, bytes: Uint8Array<ArrayBuffer>, mount: Matrix4): void;
	/** Colours or size have changed. */
	restyle(ramp: Ramp): void;
	dispose(): void;
}

/** The arrays of a message, in its own memory. */
export function arraysOf({ count }: CloudHead, bytes: Uint8Array<ArrayBuffer>) {
	const { buffer, byteOffset } = bytes;
	return {
		places: new Int16Array(buffer, byteOffset, 3 * count),
		shine: new Uint8Array(buffer, byteOffset + 6 * count, count),
	};
}
