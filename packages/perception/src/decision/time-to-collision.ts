// When two upright rectangles that move at constant velocity touch: on each axis they overlap for one stretch of time,
// and they touch where both stretches meet (the slab method, as for rays and boxes,
// https://doi.org/10.1145/15886.15916).

/** Stretch of time in seconds from now; `startS` is Infinity when there is none. */
export interface Contact {
	startS: number;
	endS: number;
}

/** Centre and half size on the two axes of one frame, and the velocity of the centre. */
export interface MovingBox {
	xM: number;
	yM: number;
	halfXM: number;
	halfYM: number;
	velocityXMps: number;
	velocityYMps: number;
}

export function createMovingBox(): MovingBox {
	return {
		xM: 0,
		yM: 0,
		halfXM: 0,
		halfYM: 0,
		velocityXMps: 0,
		velocityYMps: 0,
	};
}

/**
 * Fills `contact` with the time during which the boxes touch, from now on: `startS` is 0 when they touch already and
 * Infinity when they never will.
 */
export function findContact(
	a: MovingBox,
	b: MovingBox,
	contact: Contact,
): void {
	contact.startS = 0;
	contact.endS = Number.POSITIVE_INFINITY;
	narrow(
		contact,
		b.xM - a.xM,
		b.velocityXMps - a.velocityXMps,
		a.halfXM + b.halfXM,
	);
	narrow(
		contact,
		b.yM - a.yM,
		b.velocityYMps - a.velocityYMps,
		a.halfYM + b.halfYM,
	);
	// NaN compares false: what is unknown is no contact, and the caller's staleness rule is there for it.
	if (contact.startS <= contact.endS) return;
	contact.startS = Number.POSITIVE_INFINITY;
	contact.endS = Number.POSITIVE_INFINITY;
}

/** Seconds until the boxes touch; Infinity when they never do. Allocates nothing. */
export function timeToCollisionS(a: MovingBox, b: MovingBox): number {
	findContact(a, b, scratch);
	return scratch.startS;
}

const scratch: Contact = { startS: 0, endS: 0 };

/** Keeps of the contact the time in which |distance + velocity · t| ≤ reach. */
function narrow(
	contact: Contact,
	distance: number,
	velocity: number,
	reach: number,
): void {
	if (velocity === 0) {
		if (!(Math.abs(distance) <= reach)) contact.endS = -1;
		return;
	}
	const first = (-reach - distance) / velocity;
	const second = (reach - distance) / velocity;
	contact.startS = Math.max(contact.startS, Math.min(first, second));
	contact.endS = Math.min(contact.endS, Math.max(first, second));
}
