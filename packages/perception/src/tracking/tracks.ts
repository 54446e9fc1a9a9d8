// What a tracker knows of the objects around it, as a struct of arrays: the caller makes one and the tracker keeps it.

export const TRACK_TENTATIVE = 0;
export const TRACK_CONFIRMED = 1;

/**
 * On the ground plane of a frame that does not turn with the vehicle (odom or map in REP 105): metres, radians,
 * seconds. Pixels do as well, for tracks in a picture.
 */
export interface Tracks {
	/** How many of the entries are valid. They are in the order of their birth. */
	count: number;
	/** From 1 on, never used again. */
	readonly ids: Uint32Array;
	readonly classIds: Int32Array;
	/** `TRACK_TENTATIVE` or `TRACK_CONFIRMED`. */
	readonly stages: Uint8Array;
	readonly hitCounts: Uint32Array;
	/** Of the last detection. */
	readonly scores: Float32Array;
	readonly lastSeenS: Float64Array;
	/** Centre. */
	readonly xM: Float64Array;
	readonly yM: Float64Array;
	readonly velocityXMps: Float64Array;
	readonly velocityYMps: Float64Array;
	/** Of the position on either axis, of position with velocity, and of the velocity. */
	readonly positionVariance: Float64Array;
	readonly covariance: Float64Array;
	readonly velocityVariance: Float64Array;
	readonly lengthM: Float64Array;
	readonly widthM: Float64Array;
	/** Of the length, towards the front as far as that is known. */
	readonly yawRad: Float64Array;
}

export function createTracks(capacity: number): Tracks {
	return {
		count: 0,
		ids: new Uint32Array(capacity),
		classIds: new Int32Array(capacity),
		stages: new Uint8Array(capacity),
		hitCounts: new Uint32Array(capacity),
		scores: new Float32Array(capacity),
		lastSeenS: new Float64Array(capacity),
		xM: new Float64Array(capacity),
		yM: new Float64Array(capacity),
		velocityXMps: new Float64Array(capacity),
		velocityYMps: new Float64Array(capacity),
		positionVariance: new Float64Array(capacity),
		covariance: new Float64Array(capacity),
		velocityVariance: new Float64Array(capacity),
		lengthM: new Float64Array(capacity),
		widthM: new Float64Array(capacity),
		yawRad: new Float64Array(capacity),
	};
}

/** Copies entry `from` over entry `to`. */
export function moveTrack(tracks: Tracks, from: number, to: number): void {
	if (from === to) return;
	tracks.ids[to] = tracks.ids[from]!;
	tracks.classIds[to] = tracks.classIds[from]!;
	tracks.stages[to] = tracks.stages[from]!;
	tracks.hitCounts[to] = tracks.hitCounts[from]!;
	tracks.scores[to] = tracks.scores[from]!;
	tracks.lastSeenS[to] = tracks.lastSeenS[from]!;
	tracks.xM[to] = tracks.xM[from]!;
	tracks.yM[to] = tracks.yM[from]!;
	tracks.velocityXMps[to] = tracks.velocityXMps[from]!;
	tracks.velocityYMps[to] = tracks.velocityYMps[from]!;
	tracks.positionVariance[to] = tracks.positionVariance[from]!;
	tracks.covariance[to] = tracks.covariance[from]!;
	tracks.velocityVariance[to] = tracks.velocityVariance[from]!;
	tracks.lengthM[to] = tracks.lengthM[from]!;
	tracks.widthM[to] = tracks.widthM[from]!;
	tracks.yawRad[to] = tracks.yawRad[from]!;
}
