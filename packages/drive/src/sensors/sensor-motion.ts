/** Where a sensor is and how it moves, in the world: as of the end of its exposure. */
export interface SensorMotion {
	readonly xM: number;
	readonly yM: number;
	readonly yawRad: number;
	readonly heightM: number;
	/** Of the sensor, ahead and to its left; the mean over the exposure. */
	readonly aheadMps: number;
	readonly leftMps: number;
	readonly yawRateRadps: number;
	/** Rise of the ground per metre ahead and to the left, as the sensor sees it: the vehicle pitches and rolls. */
	readonly groundSlopeX: number;
	readonly groundSlopeY: number;
}
