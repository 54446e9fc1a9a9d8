// Which tracks a picture shows: each track's box is projected into the picture, and a detection of its class that covers it
// is a sighting. It says that something is there, and what; where it is, the LiDAR knows better.
import type { Detections } from "../boxes/detections.ts";
import { intersectionOverUnion } from "../boxes/iou.ts";
import type { Tracks } from "../tracking/tracks.ts";
import { type Pinhole, projectBox, type StandingBox } from "./pinhole.ts";

export interface SightingOptions {
	/** By class, of tracks and detections alike: how high such an object is. */
	readonly heightsM: readonly number[];
	/** Least overlap of a detection with what a track covers. @default 0.3: ranges, heights and the road's slope are guesses */
	readonly leastOverlap?: number;
}

/** Of the vehicle, in the frame of the tracks. */
export interface GroundPose {
	readonly xM: number;
	readonly yM: number;
	readonly yawRad: number;
}

const LEAST_OVERLAP = 0.3;
const NONE = -1;

/** Scratch for one camera; `find` allocates nothing. */
export class Sightings {
	readonly #camera: Pinhole;
	readonly #heightsM: readonly number[];
	readonly #leastOverlap: number;
	readonly #box: StandingBox = {
		xM: 0,
		yM: 0,
		yawRad: 0,
		lengthM: 0,
		widthM: 0,
		heightM: 0,
	};
	readonly #covered: Float32Array;
	readonly #isCovered: Uint8Array;

	/** @param trackCapacity most tracks of one picture */
	constructor(
		camera: Pinhole,
		trackCapacity: number,
		{ heightsM, leastOverlap = LEAST_OVERLAP }: SightingOptions,
	) {
		this.#camera = camera;
		this.#heightsM = heightsM;
		this.#leastOverlap = leastOverlap;
		this.#covered = new Float32Array(4 * trackCapacity);
		this.#isCovered = new Uint8Array(trackCapacity);
	}

	/**
	 * Tells each track that a detection shows. A detection shows one track, the one that it overlaps most; a track may be
	 * shown by two.
	 * @param pose of the vehicle when the picture was taken
	 * @param aheadS how much later that was than what the tracks say
	 */
	find(
		detections: Detections,
		tracks: Tracks,
		pose: GroundPose,
		aheadS: number,
		shown: (track: number) => void,
	): void {
		for (let i = 0; i < tracks.count; i++)
			this.#isCovered[i] = this.#project(tracks, i, pose, aheadS) ? 1 : 0;
		for (let d = 0; d < detections.count; d++) {
			const track = this.#trackOf(detections, d, tracks);
			if (track !== NONE) shown(track);
		}
	}

	#trackOf(detections: Detections, d: number, tracks: Tracks): number {
		let most = this.#leastOverlap;
		let best = NONE;
		for (let i = 0; i < tracks.count; i++) {
			if (this.#isCovered[i] === 0) continue;
			if (tracks.classIds[i] !== detections.classIds[d]) continue;
			const overlap = intersectionOverUnion(
				detections.boxes,
				4 * d,
				this.#covered,
				4 * i,
			);
			if (overlap < most) continue;
			most = overlap;
			best = i;
		}
		return best;
	}

	#project(
		tracks: Tracks,
		i: number,
		pose: GroundPose,
		aheadS: number,
	): boolean {
		const heightM = this.#heightsM[tracks.classIds[i]!];
		if (heightM === undefined) return false;
		const dx = tracks.xM[i]! + aheadS * tracks.velocityXMps[i]! - pose.xM;
		const dy = tracks.yM[i]! + aheadS * tracks.velocityYMps[i]! - pose.yM;
		const cos = Math.cos(pose.yawRad);
		const sin = Math.sin(pose.yawRad);
		const box = this.#box;
		box.xM = cos * dx + sin * dy;
		box.yM = cos * dy - sin * dx;
		box.yawRad = tracks.yawRad[i]! - pose.yawRad;
		box.lengthM = tracks.lengthM[i]!;
		box.widthM = tracks.widthM[i]!;
		box.heightM = heightM;
		return projectBox(this.#camera, box, this.#covered, 4 * i);
	}
}
