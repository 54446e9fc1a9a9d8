import assert from "node:assert/strict";
import { test } from "node:test";
import { declare } from "../testing/declare.ts";

/** Every way to write a pipeline wrongly, and what the author is told. */
const AT = "saccade.yaml: pipelines.p";
const CAMERA = "sensors: { camera: { payload: image } }";
const DECODE = "picture: { step: decode-picture, in: { image: camera } }";
const TENSOR =
	"packed: { step: picture-tensor, with: { width: 8, height: 8 }, in: { picture: picture } }";
const RESULT = "result: { outputs: { t: packed.tensor } }";

const MODELS = {
	pair: {
		inputs: [
			{ name: "x", dtype: "FP32", shape: [1] },
			{ name: "y", dtype: "FP32", shape: [1] },
		],
		outputs: [{ name: "z", dtype: "FP32", shape: [1] }],
		run: async () => [],
	},
	net: {
		inputs: [{ name: "x", dtype: "FP32", shape: [-1, 3, 8, 8] }],
		outputs: [{ name: "y", dtype: "FP32", shape: [-1, 4] }],
		run: async () => [],
	},
} as const;

const CASES: readonly (readonly [
	string,
	string,
	readonly (string | RegExp)[],
])[] = [
	["a list", "[]", [`${AT} keys with values are needed`]],
	[
		"nothing in it",
		"{}",
		[
			`${AT}.sensors is empty; name at least one, e.g. camera: { payload: image }`,
			`${AT}.result is empty; give a decision, outputs, or both, e.g. { outputs: { boxes: find.boxes } }`,
		],
	],
	[
		"a key that nobody knows, in each place",
		`{ sensor: {}, sensors: { camera: { payload: image, fps: 3 } }, nodes: { picture: { step: decode-picture, inputs: {}, in: { image: camera } }, ${TENSOR} }, result: { outputs: { t: packed.tensor }, also: 1 }, qos: { depth: 3 } }`,
		[
			`${AT}.sensors.camera.fps is no setting; there are payload, maxPeriodMs, calibration`,
			`${AT}.qos.depth is no setting; there are reliability, deadlineMs, liveliness, livelinessLeaseMs`,
			`${AT}.nodes.picture.inputs is no setting; there are in, step, with, runs, timeoutMs, model, join`,
			`${AT}.result.also is no setting; there are decision, outputs`,
			`${AT}.sensor is no setting; there are summary, sensors, join, qos, nodes, result`,
		],
	],
	[
		"a sensor without a payload, and one with a payload that there is not",
		`{ sensors: { a: {}, b: { payload: radar } }, join: { kind: latest }, nodes: {}, ${RESULT} }`,
		[
			`${AT}.sensors.a.payload is missing; say what it sends: image, cloud, imu, reading or tensors`,
			`${AT}.sensors.b.payload one of image, cloud, imu, reading, tensors is needed, got "radar"`,
		],
	],
	[
		"a node that reads of two sensors without a rule",
		`{ sensors: { a: { payload: tensors }, b: { payload: tensors } }, nodes: { t: { model: pair, in: { x: a.x, y: b.x } } }, result: { outputs: { t: t } } }`,
		[
			`${AT}.nodes.t reads of a and b, whose frames come one by one; bring them together with a node { join: { kind: latest, maxAgeMs: 200 }, in: … }, or with the pipeline's join`,
		],
	],
	[
		"a join of one, of what comes together already, and of what has no frames",
		`{ sensors: { a: { payload: imu }, b: { payload: tensors } }, nodes: { m: { step: odometry, in: { imu: a } }, one: { join: { kind: latest }, in: { x: b.x } }, same: { join: { kind: latest }, in: { x: b.x, y: b.y } }, still: { join: { kind: latest }, in: { x: m, y: b.y } } }, result: { outputs: { t: same.x } } }`,
		[
			`${AT}.nodes.one.in names what is joined; at least two, the leading one first`,
			`${AT}.nodes.same.in.y comes with each frame of b already; read it without a join`,
			`${AT}.nodes.still.in.x does not lead: it has no frames of its own`,
		],
	],
	[
		"a join without its times",
		`{ sensors: { a: { payload: tensors }, b: { payload: tensors } }, nodes: { j: { join: { kind: window }, in: { x: a.x, y: b.x }, with: {} } }, result: { outputs: { t: j.x } } }`,
		[
			`${AT}.nodes.j.join.windowMs is missing; how far apart in time they may be`,
			`${AT}.nodes.j.with is no setting; there are in, join, step, model`,
		],
	],
	[
		"what listens to two and needs one of them with each frame",
		`{ sensors: { a: { payload: tensors }, b: { payload: tensors } }, nodes: { p: { step: planned-path, in: { points: a.path, stepM: b.step } } }, result: { outputs: { t: a.x } } }`,
		[
			`${AT}.nodes.p.in.points is needed with each frame, but the step listens to a and b, and has one of them at a time`,
		],
	],
	[
		"a rule with nothing to join",
		`{ ${CAMERA}, join: { kind: latest }, ${RESULT} }`,
		[`${AT}.join has nothing to join; leave it out with one sensor`],
	],
	[
		"a window without its times",
		`{ sensors: { a: { payload: imu }, b: { payload: imu } }, join: { kind: window, waitMs: soon }, ${RESULT} }`,
		[
			`${AT}.join.windowMs is missing; how far apart in time they may be`,
			`${AT}.join.waitMs a number is needed, got "soon"`,
		],
	],
	[
		"names that are none",
		`{ sensors: { "1st": { payload: image } }, nodes: { "a.b": { step: decode-picture, in: { image: camera } } }, ${RESULT} }`,
		[
			`${AT}.sensors.1st is no name; take a letter and then up to 63 letters, digits, dashes or underscores`,
			`${AT}.nodes.a.b is no name; take a letter and then up to 63 letters, digits, dashes or underscores`,
		],
	],
	[
		"a node that is both, and one that is neither",
		`{ ${CAMERA}, nodes: { a: { step: s, model: m }, b: {} }, ${RESULT} }`,
		[
			`${AT}.nodes.a is a step, a model or a join; give one of 'step', 'model' and 'join'`,
			`${AT}.nodes.b is a step, a model or a join; give one of 'step', 'model' and 'join'`,
		],
	],
	[
		"an input that names no output",
		`{ ${CAMERA}, nodes: { picture: { step: decode-picture, in: { image: [camera] } } }, ${RESULT} }`,
		[
			`${AT}.nodes.picture.in.image the output of a node is needed: node or node.port, got ["camera"]`,
		],
	],
	[
		"a step that there is not",
		`{ ${CAMERA}, nodes: { a: { step: decode, in: { image: camera } } }, result: { outputs: { t: a } } }`,
		[
			/nodes\.a names step 'decode', which there is not; there are cloud-points, .*decode-picture/,
		],
	],
	[
		"a model that there is not",
		`{ ${CAMERA}, nodes: { a: { model: yolo, in: {} } }, result: { outputs: { t: a } } }`,
		[
			`${AT}.nodes.a runs model 'yolo': there is no model 'yolo'; put it in the repository, or correct its name`,
		],
	],
	[
		"settings that are missing, wrong or unknown",
		`{ ${CAMERA}, nodes: { ${DECODE}, packed: { step: picture-tensor, with: { width: 0, fit: crop, colour: red }, in: { picture: picture } } }, ${RESULT} }`,
		[
			`${AT}.nodes.packed.with 'colour' is no setting; there are width, height, fit, background, channels, layout, dtype, scale, mean, deviation`,
			`${AT}.nodes.packed.with 'width' (of the network's input): at least 1, got 0`,
			`${AT}.nodes.packed.with 'height' is missing: of the network's input`,
			`${AT}.nodes.packed.with 'fit' (keep the aspect ratio with bars, or not): one of letterbox, stretch is needed, got "crop"`,
		],
	],
	[
		"settings that the step itself refuses",
		`{ ${CAMERA}, nodes: { ${DECODE}, packed: { step: picture-tensor, with: { width: 8, height: 8, dtype: UINT8 }, in: { picture: picture } } }, ${RESULT} }`,
		[
			`${AT}.nodes.packed.with does not do for step 'picture-tensor': pixels as they are have layout hwc and channels rgb`,
		],
	],
	[
		"an input that is missing, and one that there is not",
		`{ ${CAMERA}, nodes: { picture: { step: decode-picture, in: { picture: camera } }, ${TENSOR} }, ${RESULT} }`,
		[
			`${AT}.nodes.picture.in.picture is no input of step 'decode-picture'; there are image`,
			`${AT}.nodes.picture.in.image is missing; step 'decode-picture' needs image`,
		],
	],
	[
		"types that do not fit, of steps and of models",
		`{ ${CAMERA}, nodes: { ${DECODE}, packed: { step: picture-tensor, with: { width: 9, height: 8 }, in: { picture: camera } }, net: { model: net, in: { x: packed.tensor } }, again: { model: net, in: { x: packed.mapping } } }, result: { outputs: { t: net } } }`,
		[
			`${AT}.nodes.packed.in.picture takes picture, but camera gives image`,
			`${AT}.nodes.net.in.x takes FP32[?, 3, 8, 8], but packed.tensor gives FP32[1, 3, 8, 9]`,
			`${AT}.nodes.again.in.x takes FP32[?, 3, 8, 8], but packed.mapping gives mapping`,
		],
	],
	[
		"outputs that there are not, or that are several",
		`{ ${CAMERA}, nodes: { ${DECODE}, packed: { step: picture-tensor, with: { width: 8, height: 8 }, in: { picture: picture.rgb } }, net: { model: net, in: { x: packed } }, other: { model: net, in: { x: packd.tensor } } }, result: { outputs: { t: net.z, c: camera.frame } } }`,
		[
			`${AT}.nodes.packed.in.picture 'picture.rgb': 'picture' gives picture`,
			`${AT}.nodes.net.in.x 'packed' gives tensor, mapping; say which, e.g. packed.tensor`,
			`${AT}.nodes.other.in.x 'packd.tensor': there is no 'packd'; there are camera, picture, packed, net, other`,
			`${AT}.result.outputs.t 'net.z': 'net' gives y`,
			`${AT}.result.outputs.c 'camera.frame': a sensor has one output, 'camera'`,
		],
	],
	[
		"a result of the wrong kind",
		`{ ${CAMERA}, nodes: { ${DECODE}, ${TENSOR} }, result: { decision: packed.tensor, outputs: { p: picture } } }`,
		[
			`${AT}.result.decision takes a decision, but packed.tensor gives FP32[1, 3, 8, 8]`,
			`${AT}.result.outputs.p is picture, which cannot be sent; there are tensor, boxes, ground-boxes, tracks`,
		],
	],
	[
		"a node with a sensor's name",
		`{ ${CAMERA}, nodes: { camera: { step: decode-picture, in: { image: camera } } }, result: { outputs: { t: camera } } }`,
		[`${AT}.nodes.camera has the name of a sensor; take another`],
	],
	[
		"tensors of a sensor without saying which",
		`{ sensors: { radar: { payload: tensors } }, nodes: { net: { model: net, in: { x: radar } } }, result: { outputs: { t: net } } }`,
		[
			`${AT}.nodes.net.in.x 'radar' sends tensors; say which, e.g. radar.points`,
		],
	],
	[
		"a circle",
		`{ ${CAMERA}, nodes: { a: { model: net, in: { x: c.y } }, b: { model: net, in: { x: a.y } }, c: { model: net, in: { x: b.y } } }, result: { outputs: { t: c } } }`,
		[`${AT}.nodes.b waits for itself: b → c → a → b; break the circle`],
	],
];

for (const [name, pipeline, expected] of CASES)
	test(`${name}: is told with its path and what to do`, async () => {
		await assert.rejects(
			declare(`pipelines: { p: ${pipeline} }`, { models: MODELS }),
			(error: Error) => {
				const problems = error.message.split("\n");
				for (const one of expected)
					assert.ok(
						problems.some((problem) =>
							typeof one === "string" ? problem === one : one.test(problem),
						),
						`not told: ${one}\nbut:\n${problems.join("\n")}`,
					);
				return true;
			},
		);
	});

test("everything that is wrong is told at once", async () => {
	await assert.rejects(
		declare("pipelines: { p: {}, q: [], r: { sensors: 3 } }"),
		(error: Error) => {
			for (const name of ["p", "q", "r"])
				assert.match(error.message, new RegExp(`pipelines\\.${name}[. ]`));
			return true;
		},
	);
});
