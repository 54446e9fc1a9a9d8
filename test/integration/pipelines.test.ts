// Pipelines of a configuration in the whole server: real camera frames through a real detector, over a real stream.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { intersectionOverUnion } from "@saccade/perception";
import {
	ImageSchema,
	TensorsSchema,
} from "@saccade/protocol/gen/saccade/v1/payload_pb.js";
import * as pb from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import {
	addModelFile,
	makeModelRepository,
} from "../support/model-repository.ts";
import { sharedPath, skipWithoutShared } from "../support/shared-data.ts";
import { startTestServer } from "../support/test-server.ts";

const MODEL = "models/fastestdet/FastestDet.onnx";
/** The best box of each, as published (bilinear resize). */
const PICTURES = {
	"data/coco/street.jpg": [0, 4, 0.901, [40.6, 62.6, 178, 294.3]],
	"data/kitti/000008.png": [2, 6, 0.899, [324.4, 178.1, 614.8, 353.8]],
} as const;

const STREET = `
pipelines:
  street:
    summary: what a camera sees in a street
    sensors:
      camera: { payload: image }
    nodes:
      picture: { step: decode-picture, in: { image: camera } }
      packed:
        step: picture-tensor
        with: { width: 352, height: 352, fit: stretch, channels: bgr }
        in: { picture: picture }
      net: { model: fastestdet, in: { input.1: packed.tensor } }
      found:
        step: detector-boxes
        with: { head: anchor-free-grid, classCount: 80, width: 352, height: 352, strideOrCount: 16, threshold: 0.65 }
        in: { output: net, mapping: packed.mapping }
    result: { outputs: { found: found } }
`;

function pipelineFile(t: TestContext, yaml: string): string {
	const directory = mkdtempSync(join(tmpdir(), "saccade-pipelines-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	writeFileSync(join(directory, "pipelines.yaml"), yaml);
	return directory;
}

/** Outcomes of frames that are sent one after the other, each when the one before it has ended. */
async function outcomesOf(
	client: TestClient,
	pipeline: string,
	contents: readonly pb.SensorReading["content"][],
): Promise<pb.FrameOutcome[]> {
	const call = client.bidi({
		path: "/saccade.v1.SensorPipeline/StreamTelemetry",
		request: pb.SensorReadingSchema,
		response: pb.ControlCommandSchema,
	});
	const outcomes: pb.FrameOutcome[] = [];
	const send = (content: pb.SensorReading["content"], at: number) =>
		call.write(
			create(pb.SensorReadingSchema, {
				deviceId: "camera",
				timestampNs: 1_700_000_000_000_000_000n + BigInt(at) * 33_000_000n,
				content,
			}),
		);
	const opening = create(pb.StreamOpenSchema, { pipeline });
	send({ case: "open", value: opening }, 0);
	send(contents[0]!, 1);
	await new Promise<void>((resolve, reject) => {
		call.on("error", reject);
		call.on("status", () => resolve());
		call.on("data", (command: pb.ControlCommand) => {
			for (const outcome of command.outcomes) {
				outcomes.push(outcome);
				const next = contents[outcomes.length];
				if (next !== undefined) send(next, outcomes.length + 1);
				else call.end();
			}
			if (command.opened?.accepted === false) {
				call.end();
				reject(new Error(command.opened.reason));
			}
		});
	});
	return outcomes;
}

/** As a browser asks that a foreign name led here. */
function statusFor(url: string, host: string): Promise<number | undefined> {
	return new Promise((resolve, reject) => {
		get(url, { headers: { host } }, (response) => {
			response.resume();
			resolve(response.statusCode);
		}).on("error", reject);
	});
}

const jpeg = (data: Uint8Array, encoding: string) => ({
	case: "image" as const,
	value: create(ImageSchema, { data, encoding }),
});

function numbersOf(outcome: pb.FrameOutcome, name: string) {
	const tensor = outcome.outputs.find((one) => one.name === name)!;
	const { buffer } = new Uint8Array(tensor.data);
	return tensor.datatype === "INT32"
		? new Int32Array(buffer)
		: new Float32Array(buffer);
}

describe("a pipeline around FastestDet", {
	skip: skipWithoutShared(MODEL, ...Object.keys(PICTURES)),
	timeout: 120_000,
}, () => {
	test("finds what is published in real camera frames, with a stamp for each stage, and ends a frame that is no picture as INVALID", async (t) => {
		const repository = makeModelRepository(t);
		addModelFile(repository, "fastestdet", sharedPath(MODEL));
		const directory = pipelineFile(t, STREET);
		const server = await startTestServer(
			repository,
			`--pipelines=${directory}`,
		);
		const client = new TestClient(server.grpcAddress);
		t.after(async () => {
			client.close();
			await server.close();
		});
		const pictures = Object.keys(PICTURES).map((name) =>
			jpeg(
				readFileSync(sharedPath(name)),
				name.endsWith("png") ? "png" : "jpeg",
			),
		);
		const broken = jpeg(new Uint8Array(1000).fill(7), "jpeg");
		const outcomes = await outcomesOf(client, "street", [
			...pictures,
			broken,
			pictures[0]!,
		]);
		for (const [at, expected] of Object.values(PICTURES).entries()) {
			const [classId, count, score, box] = expected;
			const outcome = outcomes[at]!;
			assert.equal(outcome.outcome, pb.Outcome.RESULT, outcome.detail);
			const boxes = numbersOf(outcome, "found.boxes");
			assert.equal(boxes.length, 4 * count);
			assert.equal(numbersOf(outcome, "found.classes")[0], classId);
			assert.ok(
				Math.abs(numbersOf(outcome, "found.scores")[0]! - score) < 0.01,
			);
			assert.ok(intersectionOverUnion(boxes, 0, box, 0) > 0.95);
			const stages = outcome.latency!.stages;
			assert.deepEqual(
				stages.map(({ name }) => name),
				["picture", "packed", "net", "found"],
			);
			let beforeNs = outcome.latency!.startedNs;
			for (const { name, beginNs, endNs } of stages) {
				assert.ok(beginNs >= beforeNs && endNs >= beginNs, `stage ${name}`);
				beforeNs = endNs;
			}
			assert.ok(beforeNs <= outcome.latency!.finishedNs);
		}
		const [, , third, fourth] = outcomes;
		assert.equal(third!.outcome, pb.Outcome.INVALID);
		assert.match(
			third!.detail,
			/step 'picture': the jpeg picture of 1000 bytes cannot be decoded/,
		);
		assert.equal(fourth!.outcome, pb.Outcome.RESULT, "the next is not harmed");
	});
});

test("the route tells of each pipeline: its stages, their types, where each runs and how long it took", async (t) => {
	const yaml = `
pipelines:
  pair:
    sensors: { radar: { payload: tensors } }
    nodes:
      first: { model: simple, in: { INPUT0: radar.x, INPUT1: radar.x } }
      second: { model: simple, in: { INPUT0: first.OUTPUT0, INPUT1: first.OUTPUT1 } }
    result: { outputs: { sum: second.OUTPUT0 } }
`;
	const repository = makeModelRepository(t, "simple");
	const directory = pipelineFile(t, yaml);
	const server = await startTestServer(repository, `--pipelines=${directory}`);
	const client = new TestClient(server.grpcAddress);
	t.after(async () => {
		client.close();
		await server.close();
	});
	const values = Int32Array.from({ length: 16 }, (_, at) => at);
	const [outcome] = await outcomesOf(client, "pair", [
		{
			case: "tensors",
			value: create(TensorsSchema, {
				tensors: [
					{
						...{ name: "x", datatype: "INT32", shape: [1n, 16n] },
						data: new Uint8Array(values.buffer),
					},
				],
			}),
		},
	]);
	assert.equal(outcome!.outcome, pb.Outcome.RESULT, outcome!.detail);
	// The model gives sum and difference: (x + x) + (x − x).
	assert.deepEqual(
		[...numbersOf(outcome!, "sum")],
		[...values].map((value) => 2 * value),
	);
	const url = `http://127.0.0.1:${server.http.port}/saccade/v1/pipelines`;
	const response = await fetch(url);
	assert.equal(response.status, 200);
	const { pipelines } = (await response.json()) as {
		pipelines: { stages: Record<string, unknown>[] }[];
	};
	const [first] = pipelines[0]!.stages;
	assert.deepEqual(
		{ ...first, lately: null },
		{
			...{ name: "first", does: "model simple", summary: "", runs: "model" },
			inputs: [
				{ name: "INPUT0", type: "INT32[?, 16]", from: "radar.x" },
				{ name: "INPUT1", type: "INT32[?, 16]", from: "radar.x" },
			],
			outputs: [
				{ name: "OUTPUT0", type: "INT32[?, 16]" },
				{ name: "OUTPUT1", type: "INT32[?, 16]" },
			],
			...{ sampleUs: null, lately: null, remembers: false },
			sensors: ["radar"],
		},
	);
	assert.equal((first!["lately"] as { count: number }).count, 1);
	assert.equal(await statusFor(url, "evil.example"), 403);
});

test("a server with pipelines that cannot run does not start, and says everything that is wrong with them", async (t) => {
	const yaml = `
pipelines:
  one: { sensors: { a: { payload: imu } }, nodes: { n: { model: nowhere, in: {} } }, result: { outputs: { x: n.y } } }
  two: { sensors: { a: { payload: imu } }, nodes: { n: { step: nothing } }, result: { outputs: { x: n } } }
`;
	const repository = makeModelRepository(t, "simple");
	await assert.rejects(
		startTestServer(repository, `--pipelines=${pipelineFile(t, yaml)}`),
		(error: Error) => {
			assert.match(
				error.message,
				/pipelines\.one\.nodes\.n runs model 'nowhere'/,
			);
			assert.match(
				error.message,
				/pipelines\.two\.nodes\.n names step 'nothing'/,
			);
			return true;
		},
	);
});
