import assert from "node:assert/strict";
import { test } from "node:test";
import { createImage, type ImageU8 } from "@saccade/perception";
import { labelPicture } from "../judge/picture-labels.ts";
import { Random } from "../random.ts";
import { Simulation } from "../simulation.ts";
import { castRay } from "../testing/brute-force.ts";
import { type Block, clearWorld, STILL } from "../testing/scene.ts";
import { CAMERA, Camera, NOBODY } from "./camera.ts";

const { width, height, focalPx, centreX, centreY } = CAMERA;
const MOTION = { ...STILL, heightM: 1.5 };

const emptyPicture = (): ImageU8 =>
	createImage(new Uint8Array(3 * width * height), width, height);

test("each pixel sees who a search through all boxes in three dimensions finds", () => {
	const random = new Random(3);
	for (let round = 0; round < 8; round++) {
		const blocks = Array.from({ length: 12 }, (): Block => {
			const xM = random.between(1, 60);
			const bottomM = random.chance(0.3) ? random.between(0.5, 2.5) : 0;
			return {
				xM,
				yM: random.between(-0.9, 0.9) * xM,
				yawRad: random.between(-Math.PI, Math.PI),
				lengthM: random.between(0.3, 6),
				widthM: random.between(0.3, 3),
				bottomM,
				topM: bottomM + random.between(0.4, 3),
			};
		});
		const world = clearWorld(...blocks);
		const camera = new Camera(world, new Random(1));
		camera.render(MOTION, 0, emptyPicture());
		for (let x = 0; x < width; x += 3)
			for (let y = 0; y < height; y += 3) {
				const left = (centreX - x - 0.5) / focalPx;
				const up = (centreY - y - 0.5) / focalPx;
				const length = Math.hypot(1, left, up);
				const { agentIndex, distanceM } = castRay(world, {
					origin: [0, 0, MOTION.heightM],
					direction: [1 / length, left / length, up / length],
					timeS: 0,
				});
				const isFar = distanceM > CAMERA.rangeM;
				assert.equal(
					camera.owners[x * height + y],
					isFar ? NOBODY : agentIndex,
					`round ${round}, pixel ${x}, ${y}`,
				);
			}
	}
});

test("an object's label is where it is seen, and what covers it takes from it", () => {
	const car: Block = {
		xM: 21,
		yM: 0,
		lengthM: 2,
		widthM: 2.02,
		topM: 1.5,
		kind: "car",
	};
	const label = (...blocks: readonly Block[]) => {
		const simulation = new Simulation({ seed: 1 });
		const world = clearWorld(...blocks);
		const camera = new Camera(world, new Random(1));
		camera.render(MOTION, 0, emptyPicture());
		return labelPicture(
			Object.assign(Object.create(simulation), { world, camera }),
		);
	};
	const [whole] = label(car);
	// Its back is 20 m away, where a metre has 10.5 pixels: 149.4 to 170.6 across, from eye level at 78 down to 93.75.
	assert.deepEqual(
		[whole?.x1, whole?.x2, whole?.y1, whole?.y2],
		[149, 171, 78, 94],
	);
	assert.equal(whole?.classId, 0);
	const [half, ...others] = label(car, {
		xM: 10,
		yM: 1,
		lengthM: 0.2,
		widthM: 2,
		topM: 3,
	});
	assert.deepEqual(others, [], "clutter has no label");
	assert.equal(half?.x1, 160);
	assert.equal(half?.x2, whole?.x2);
	assert.deepEqual(label({ ...car, xM: 200 }), []);
});

test("pictures of one seed are equal to the last bit, and of the right size only", () => {
	const [first, second] = [0, 1].map(() => {
		const simulation = new Simulation({ seed: 8 });
		const picture = emptyPicture();
		for (let i = 0; i < 100; i++) simulation.step(1);
		simulation.takePicture(picture);
		return picture;
	});
	assert.deepEqual(first, second);
	const wrong = createImage(new Uint8Array(3 * 16), 4, 4);
	assert.throws(
		() => new Simulation({ seed: 8 }).takePicture(wrong),
		RangeError,
	);
});
