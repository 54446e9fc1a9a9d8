// A Kalman filter for constant velocity on a plane. Noise is the same on both axes, so the 4 × 4 covariance falls apart
// into two equal 2 × 2 blocks: three numbers say all, and the filter is exact.
// Bar-Shalom, Li, Kirubarajan 2001, section 6.3.2: discrete white noise acceleration.
import type { Tracks } from "./tracks.ts";

/** Moves track `i` on by `dtS` ≥ 0 seconds; `accelerationMps2` is the deviation of what it may do meanwhile. */
export function predictTrack(
	tracks: Tracks,
	i: number,
	dtS: number,
	accelerationMps2: number,
): void {
	const { positionVariance, covariance, velocityVariance } = tracks;
	const q = accelerationMps2 * accelerationMps2;
	const dt2 = dtS * dtS;
	const cross = covariance[i]!;
	const velocity = velocityVariance[i]!;
	tracks.xM[i] = tracks.xM[i]! + dtS * tracks.velocityXMps[i]!;
	tracks.yM[i] = tracks.yM[i]! + dtS * tracks.velocityYMps[i]!;
	positionVariance[i] =
		positionVariance[i]! +
		2 * dtS * cross +
		dt2 * velocity +
		(q * dt2 * dt2) / 4;
	covariance[i] = cross + dtS * velocity + (q * dt2 * dtS) / 2;
	velocityVariance[i] = velocity + q * dt2;
}

/** Takes in a measured centre whose deviation on either axis is `deviationM`. */
export function correctTrack(
	tracks: Tracks,
	i: number,
	xM: number,
	yM: number,
	deviationM: number,
): void {
	const { positionVariance, covariance, velocityVariance } = tracks;
	const position = positionVariance[i]!;
	const cross = covariance[i]!;
	const innovationVariance = position + deviationM * deviationM;
	const positionGain = position / innovationVariance;
	const velocityGain = cross / innovationVariance;
	const dx = xM - tracks.xM[i]!;
	const dy = yM - tracks.yM[i]!;
	tracks.xM[i] = tracks.xM[i]! + positionGain * dx;
	tracks.yM[i] = tracks.yM[i]! + positionGain * dy;
	tracks.velocityXMps[i] = tracks.velocityXMps[i]! + velocityGain * dx;
	tracks.velocityYMps[i] = tracks.velocityYMps[i]! + velocityGain * dy;
	positionVariance[i] = (1 - positionGain) * position;
	covariance[i] = (1 - positionGain) * cross;
	velocityVariance[i] = velocityVariance[i]! - velocityGain * cross;
}

/** Squared Mahalanobis distance of a centre from where track `i` expects it: χ² with two degrees of freedom. */
export function surpriseOf(
	tracks: Tracks,
	i: number,
	xM: number,
	yM: number,
	deviationM: number,
): number {
	const dx = xM - tracks.xM[i]!;
	const dy = yM - tracks.yM[i]!;
	return (
		(dx * dx + dy * dy) /
		(tracks.positionVariance[i]! + deviationM * deviationM)
	);
}

/**
 * Takes in that an object on wheels does not slip sideways: the velocity across `yawRad` is about 0, with that deviation.
 * Both axes share one covariance, which is left as it is: the filter stays on the careful side.
 */
export function alignTrack(
	tracks: Tracks,
	i: number,
	yawRad: number,
	deviationMps: number,
): void {
	const velocity = tracks.velocityVariance[i]!;
	const gain = velocity / (velocity + deviationMps * deviationMps);
	const cos = Math.cos(yawRad);
	const sin = Math.sin(yawRad);
	const slip = cos * tracks.velocityYMps[i]! - sin * tracks.velocityXMps[i]!;
	tracks.velocityXMps[i] = tracks.velocityXMps[i]! + gain * slip * sin;
	tracks.velocityYMps[i] = tracks.velocityYMps[i]! - gain * slip * cos;
}
