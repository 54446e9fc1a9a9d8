// A real detector on a real picture through the command, here and on a server.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { intersectionOverUnion } from "@saccade/perception";
import sharp from "sharp";
import {
	addModelFile,
	makeModelRepository,
} from "../support/model-repository.ts";
import { sharedPath, skipWithoutShared } from "../support/shared-data.ts";
import { saccade, serve } from "./support/command.ts";

const MODEL = "models/fastestdet/FastestDet.onnx";
const PICTURE = "data/coco/street.jpg";
/** Published, with bilinear resize. */
const PEOPLE = [
	[0.901, [40.6, 62.6, 178.0, 294.3]],
	[0.895, [288.9, 141.9, 482.4, 297.0]],
	[0.807, [159.1, 136.2, 255.9, 265.5]],
	[0.78, [231.2, 138.9, 322.6, 277.3]],
] as const;
const CONFIG = `
parameters { key: "saccade.input.channels" value { string_value: "bgr" } }
`;

interface Detection {
	readonly label: string;
	readonly score: number;
	readonly box: readonly number[];
}

function detectorRepository(
	t: Parameters<typeof makeModelRepository>[0],
	config = CONFIG,
): string {
	const repository = makeModelRepository(t);
	addModelFile(repository, "fastestdet", sharedPath(MODEL));
	writeFileSync(join(repository, "fastestdet", "config.pbtxt"), config);
	return repository;
}

async function detect(...args: readonly string[]): Promise<Detection[]> {
	const picture = sharedPath(PICTURE);
	const { code, stdout, stderr } = await saccade([
		"infer",
		"fastestdet",
		...["--input", picture, "--json"],
		...args,
	]);
	assert.equal(code, 0, stderr);
	return JSON.parse(stdout).detections;
}

function assertPeople(found: readonly Detection[], label = "person"): void {
	assert.equal(found.length, PEOPLE.length);
	for (const [i, [score, box]] of PEOPLE.entries()) {
		const detection = found[i] ?? assert.fail();
		assert.equal(detection.label, label);
		assert.ok(Math.abs(detection.score - score) <= 0.01, `${detection.score}`);
		const overlap = intersectionOverUnion(detection.box, 0, box, 0);
		assert.ok(overlap >= 0.95, `box ${i} overlaps by ${overlap}`);
	}
}

describe("saccade infer with FastestDet", {
	skip: skipWithoutShared(MODEL, PICTURE),
}, () => {
	test("finds the four people of the picture where they were published", async (t) => {
		assertPeople(await detect("-r", detectorRepository(t)));
	});

	test("finds them through a server, which tells how the model wants its pictures", async (t) => {
		const repository = detectorRepository(t);
		const { http } = await serve(t, [`--model-repository=${repository}`]);
		assertPeople(await detect("-u", http));
	});

	test("takes the picture's settings from flags as well", async (t) => {
		const repository = detectorRepository(t, "");
		assertPeople(await detect("-r", repository, "--channel-order", "bgr"));
	});

	test("names classes by the label file of the model, or the one given", async (t) => {
		const repository = detectorRepository(
			t,
			`${CONFIG}output { name: "758" data_type: TYPE_FP32 dims: [ 1, 85, 22, 22 ] label_filename: "own.txt" }`,
		);
		const names = Array.from({ length: 80 }, (_, i) => `own ${i}`);
		const own = join(repository, "fastestdet", "own.txt");
		writeFileSync(own, `${names.join("\n")}\n`);
		assertPeople(await detect("-r", repository), "own 0");
		const file = join(repository, "given.txt");
		writeFileSync(file, names.join("\n").replaceAll("own", "given"));
		assertPeople(await detect("-r", repository, "--labels", file), "given 0");
	});

	test("draws the boxes where --out says, and leaves the rest of the picture", async (t) => {
		const repository = detectorRepository(t);
		const out = join(repository, "boxes.png");
		await detect("-r", repository, "--out", out);
		const pixels = async (file: string) =>
			sharp(file, { ignoreIcc: true })
				.removeAlpha()
				.raw()
				.toBuffer({ resolveWithObject: true });
		const drawn = await pixels(out);
		const original = await pixels(sharedPath(PICTURE));
		assert.deepEqual([drawn.info.width, drawn.info.height], [500, 335]);
		const differs = (x: number, y: number) => {
			const at = 3 * (y * 500 + x);
			return [0, 1, 2].some(
				(c) => drawn.data[at + c] !== original.data[at + c],
			);
		};
		const [, [left, top, right, bottom]] = PEOPLE[0];
		const near = (x: number, y: number) =>
			[-2, -1, 0, 1, 2].some((d) => differs(x + d, y) || differs(x, y + d));
		for (const [x, y] of [
			[left, (top + bottom) / 2],
			[right, (top + bottom) / 2],
			[(left + right) / 2, bottom],
		] as const)
			assert.ok(near(Math.round(x), Math.round(y)), `no line at ${x}, ${y}`);
		assert.equal(differs(400, 50), false);
		assert.equal(differs(100, 200), false);
	});
});
