/** On the ground plane of the world: metres, and radians counter-clockwise from x. */
export interface Pose {
	xM: number;
	yM: number;
	yawRad: number;
}

export function createPose(): Pose {
	return { xM: 0, yM: 0, yawRad: 0 };
}
