import assert from "node:assert/strict";
import { test } from "node:test";
import { createDetections, type Detections } from "../boxes/detections.ts";
import { createTracks, type Tracks } from "../tracking/tracks.ts";
import { type Pinhole, projectBox } from "./pinhole.ts";
import { Sightings } from "./sightings.ts";

const CAMERA: Pinhole = {
	...{ widthPx: 320, heightPx: 192, focalXPx: 210, focalYPx: 210 },
	...{ centreXPx: 160, centreYPx: 78 },
	mount: [0, 0, 1, 1.7, -1, 0, 0, 0, 0, -1, 0, 1.5],
};
const HEIGHTS_M = [1.6, 1.75, 1.7];
const PEDESTRIAN = 2;

interface Walker {
	readonly xM: number;
	readonly yM: number;
	readonly velocityYMps?: number;
	readonly classId?: number;
}

function tracksOf(...walkers: readonly Walker[]): Tracks {
	const tracks = createTracks(8);
	tracks.count = walkers.length;
	for (const [i, walker] of walkers.entries()) {
		tracks.xM[i] = walker.xM;
		tracks.yM[i] = walker.yM;
		tracks.velocityYMps[i] = walker.velocityYMps ?? 0;
		tracks.classIds[i] = walker.classId ?? PEDESTRIAN;
		tracks.lengthM[i] = 0.6;
		tracks.widthM[i] = 0.6;
	}
	return tracks;
}

/** What a perfect detector says of people in the vehicle's frame. */
function pictureOf(...walkers: readonly Walker[]): Detections {
	const detections = createDetections(8);
	for (const { xM, yM, classId = PEDESTRIAN } of walkers) {
		const box = { xM, yM, yawRad: 0, lengthM: 0.6, widthM: 0.6, heightM: 1.8 };
		assert.ok(projectBox(CAMERA, box, detections.boxes, 4 * detections.count));
		detections.classIds[detections.count++] = classId;
	}
	return detections;
}

function shown(
	detections: Detections,
	tracks: Tracks,
	pose = { xM: 0, yM: 0, yawRad: 0 },
	aheadS = 0,
): number[] {
	const indices: number[] = [];
	const sightings = new Sightings(CAMERA, 8, { heightsM: HEIGHTS_M });
	sightings.find(detections, tracks, pose, aheadS, (i) => indices.push(i));
	return indices;
}

test("each person in a picture shows the track that stands there, and no other", () => {
	const tracks = tracksOf({ xM: 20, yM: 3 }, { xM: 12, yM: -2 });
	assert.deepEqual(shown(pictureOf({ xM: 12, yM: -2 }), tracks), [1]);
	assert.deepEqual(
		shown(pictureOf({ xM: 12.4, yM: -2.1 }, { xM: 20, yM: 3 }), tracks),
		[1, 0],
	);
	assert.deepEqual(shown(pictureOf({ xM: 12, yM: 0 }), tracks), []);
	assert.deepEqual(shown(pictureOf(), tracks), []);
});

test("a detection of another class, or a track behind the camera, is no sighting", () => {
	const cyclist = pictureOf({ xM: 12, yM: 0, classId: 1 });
	assert.deepEqual(shown(cyclist, tracksOf({ xM: 12, yM: 0 })), []);
	const ahead = pictureOf({ xM: 12, yM: 0 });
	assert.deepEqual(shown(ahead, tracksOf({ xM: -12, yM: 0 })), []);
	const unknown = tracksOf({ xM: 12, yM: 0, classId: 7 });
	assert.deepEqual(
		shown(pictureOf({ xM: 12, yM: 0, classId: 7 }), unknown),
		[],
	);
});

test("tracks are looked for where they and the vehicle were when the picture was taken", () => {
	// The vehicle stands at (100, 50) and faces left; he walks out of its way, 0.4 s after the tracks.
	const pose = { xM: 100, yM: 50, yawRad: Math.PI / 2 };
	const tracks = tracksOf({ xM: 98, yM: 60, velocityYMps: 5 });
	const picture = pictureOf({ xM: 12, yM: 2 });
	assert.deepEqual(shown(picture, tracks, pose, 0.4), [0]);
	assert.deepEqual(shown(picture, tracks, pose, -0.8), []);
});

test("of two tracks one behind the other, the picture shows the one that it fits", () => {
	const tracks = tracksOf({ xM: 30, yM: 0 }, { xM: 15, yM: 0 });
	assert.deepEqual(shown(pictureOf({ xM: 15, yM: 0 }), tracks), [1]);
	assert.deepEqual(shown(pictureOf({ xM: 30, yM: 0 }), tracks), [0]);
});
