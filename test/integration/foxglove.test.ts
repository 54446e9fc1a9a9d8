// The Foxglove port as a viewer sees it: the project's own client, and messages read with the schemas that were advertised.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
	createFileRegistry,
	type DescMessage,
	fromBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { FoxgloveClient } from "@foxglove/ws-protocol";
import { GrpcClient, hostClock } from "@saccade/client/grpc";
import { CAMERA } from "@saccade/drive";
import { CAMERA_INPUT_SHAPE, TIMED_LAYOUT } from "@saccade/perception";
import { WebSocket } from "ws";
import { addBlindDetectors } from "../support/blind-detectors.ts";
import { parseMetrics } from "../support/metrics-page.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { until } from "../support/until.ts";

const models = mkdtempSync(join(tmpdir(), "saccade-foxglove-"));
let server: TestServer;
let url: string;

before(async () => {
	addBlindDetectors(models);
	server = await startTestServer(models, "--foxglove", "--foxglove-port=0");
	assert.ok(server.foxglove !== null);
	url = `ws://127.0.0.1:${server.foxglove.port}`;
});

after(async () => {
	await server.close();
	rmSync(models, { recursive: true });
});

interface Advertised {
	readonly id: number;
	readonly topic: string;
	readonly encoding: string;
	readonly schemaName: string;
	readonly schema: string;
}

interface Shown {
	readonly topic: string;
	readonly atNs: bigint;
	// biome-ignore lint/suspicious/noExplicitAny: any message, as its schema has it
	readonly message: any;
}

/** Subscribes to every topic that fits, as it comes, and keeps what is shown. */
class Viewer {
	readonly channels = new Map<number, Advertised>();
	readonly shown: Shown[] = [];
	readonly timesNs: bigint[] = [];
	readonly client: FoxgloveClient;
	readonly #topics = new Map<number, Advertised>();
	readonly #schemas = new Map<number, DescMessage>();

	constructor(
		test: { readonly after: (clean: () => void) => void },
		wanted: RegExp,
	) {
		this.client = new FoxgloveClient({
			ws: new WebSocket(url, ["foxglove.sdk.v1"]) as never,
		});
		test.after(() => this.client.close());
		this.client.on("advertise", (channels) => {
			for (const channel of channels) {
				this.channels.set(channel.id, channel);
				if (!wanted.test(channel.topic)) continue;
				this.#topics.set(this.client.subscribe(channel.id), channel);
			}
		});
		this.client.on("unadvertise", (ids) => {
			for (const id of ids) this.channels.delete(id);
		});
		this.client.on("time", ({ timestamp }) => this.timesNs.push(timestamp));
		this.client.on("message", ({ subscriptionId, timestamp, data }) => {
			const channel = this.#topics.get(subscriptionId);
			assert.ok(channel !== undefined);
			const bytes = new Uint8Array(
				data.buffer,
				data.byteOffset,
				data.byteLength,
			);
			this.shown.push({
				topic: channel.topic,
				atNs: timestamp,
				message: this.#read(channel, bytes),
			});
		});
	}

	on(topic: RegExp): Shown[] {
		return this.shown.filter((one) => topic.test(one.topic));
	}

	#read(channel: Advertised, bytes: Uint8Array): unknown {
		if (channel.encoding === "json")
			return JSON.parse(new TextDecoder().decode(bytes));
		const schema = this.#schemas.get(channel.id) ?? schemaOf(channel);
		this.#schemas.set(channel.id, schema);
		return fromBinary(schema, bytes);
	}
}

/** From what was advertised alone. */
function schemaOf({ schema, schemaName }: Advertised): DescMessage {
	const files = fromBinary(
		FileDescriptorSetSchema,
		new Uint8Array(Buffer.from(schema, "base64")),
	);
	const message = createFileRegistry(files).getMessage(schemaName);
	assert.ok(message !== undefined, schemaName);
	return message;
}

const nsOf = ({ seconds, nanos }: { seconds: bigint; nanos: number }) =>
	seconds * 1_000_000_000n + BigInt(nanos);

describe("the Foxglove port", { timeout: 120_000 }, () => {
	test("shows a picture as it was sent, with boxes, calibration and outcome", async (t) => {
		const viewer = new Viewer(t, /camera|streams/);
		await until("it is connected", () => viewer.channels.size > 0);
		const client = new GrpcClient(server.grpcAddress);
		t.after(() => client.close());
		const [height, width] = CAMERA_INPUT_SHAPE;
		const pixels = new Uint8Array(width * height * 3).map((_, i) => i % 253);
		const stream = client.openStream(
			{
				pipeline: "camera",
				safeCommand: { action: "brake", reasons: [], targets: [] },
				clockDomain: "host-monotonic",
				sensors: [
					{
						deviceId: "camera/front",
						frameId: "camera",
						periodMs: 33,
						calibration: {
							width,
							height,
							k: [CAMERA.focalPx, 0, 1, 0, 2, 3, 0, 0, 1],
						},
					},
				],
				transforms: [
					{ parent: "base_link", child: "camera", translation: [1, 2, 3] },
				],
			},
			{},
		);
		await stream.opened;
		const sent: bigint[] = [];
		const send = () => {
			const timestampNs = hostClock.nowNs();
			sent.push(timestampNs);
			stream.send({
				timestampNs,
				deviceId: "camera/front",
				payload: {
					kind: "image",
					encoding: "rgb8",
					width,
					height,
					data: pixels,
				},
			});
		};
		// The first makes the topics, the next are seen on them.
		await until("everything is shown", async () => {
			send();
			await new Promise((resolve) => setTimeout(resolve, 50));
			return [/RawImage/, /boxes/, /outcomes/, /CameraCalibration/].every(
				(topic) => viewer.on(topic).length > 0,
			);
		});
		const [picture] = viewer.on(/RawImage/);
		assert.equal(picture?.topic, "/sensors/camera%2Ffront/RawImage");
		assert.deepEqual(picture.message.data, pixels);
		assert.deepEqual(
			[picture.message.width, picture.message.height, picture.message.step],
			[width, height, 3 * width],
		);
		assert.equal(picture.message.encoding, "rgb8");
		assert.equal(picture.message.frameId, "camera");
		assert.ok(sent.includes(nsOf(picture.message.timestamp)));
		// On the wall clock, as its time is.
		const nowNs = BigInt(Date.now()) * 1_000_000n;
		assert.ok(
			nowNs - picture.atNs < 60_000_000_000n &&
				picture.atNs <= nowNs + 1_000_000_000n,
		);
		assert.ok(viewer.timesNs.length > 0);
		const [calibration] = viewer.on(/CameraCalibration/);
		assert.equal(calibration?.message.K[0], CAMERA.focalPx);
		const [outcome] = viewer.on(/outcomes/);
		assert.equal(outcome?.message.deviceId, "camera/front");
		await stream.close();
		await until("its topics are gone", () =>
			[...viewer.channels.values()].every(({ topic }) =>
				topic.startsWith("/saccade/"),
			),
		);
	});

	test("shows sweeps as they were sent, tracks and poses, decisions, and how the streams fare", async (t) => {
		const viewer = new Viewer(
			t,
			/lidar\/PointCloud|tf|tracks|decisions|diagnostics/,
		);
		await until("it is connected", () => viewer.channels.size > 0);
		const client = new GrpcClient(server.grpcAddress);
		t.after(() => client.close());
		// No budget: whatever else the machine does, each sweep comes to a result.
		const stream = client.openStream(
			{
				name: "sweeps",
				pipeline: "lidar",
				safeCommand: { action: "brake", reasons: [], targets: [] },
				clockDomain: "host-monotonic",
				sensors: ["lidar", "imu", "wheels", "planner"].map((deviceId) => ({
					deviceId,
					frameId: deviceId,
				})),
				transforms: [
					{ parent: "base_link", child: "lidar", translation: [1, 0, 1.8] },
				],
			},
			{},
		);
		await stream.opened;
		const { fields, strideBytes } = TIMED_LAYOUT;
		const points = new Float32Array(500 * fields.length).map((_, i) => i % 40);
		const data = new Uint8Array(points.buffer);
		const sweep = () => {
			stream.send({
				timestampNs: hostClock.nowNs(),
				deviceId: "wheels",
				value: 7,
			});
			stream.send({
				timestampNs: hostClock.nowNs(),
				deviceId: "lidar",
				payload: {
					kind: "cloud",
					...TIMED_LAYOUT,
					data,
				},
			});
		};
		await until("everything is shown", async () => {
			sweep();
			await new Promise((resolve) => setTimeout(resolve, 100));
			return (
				[/PointCloud/, /tracks/, /decisions/].every(
					(topic) => viewer.on(topic).length > 0,
				) &&
				viewer
					.on(/tf/)
					.some(({ message }) => message.transforms.length === 2) &&
				viewer
					.on(/diagnostics/)
					.some(({ message }) =>
						JSON.stringify(message).includes('"outcomes":{"RESULT"'),
					)
			);
		});
		const [cloud] = viewer.on(/PointCloud/);
		assert.ok(cloud !== undefined);
		assert.deepEqual(cloud.message.data, data);
		assert.equal(cloud.message.frameId, "lidar");
		assert.equal(cloud.message.pointStride, strideBytes);
		assert.deepEqual(
			cloud.message.fields.map(({ name }: { name: string }) => name),
			fields.map(({ name }) => name),
		);
		const poses = viewer
			.on(/tf/)
			.find(({ message }) => message.transforms.length === 2);
		assert.deepEqual(
			poses?.message.transforms.map(
				(one: { parentFrameId: string; childFrameId: string }) =>
					`${one.parentFrameId} ${one.childFrameId}`,
			),
			["odom base_link", "base_link lidar"],
		);
		assert.equal(poses?.message.transforms[1].translation.z, 1.8);
		const [decision] = viewer.on(/decisions/);
		assert.match(decision?.message.action, /^(keep|slow|brake|degrade)$/);
		const diagnostics = viewer.on(/diagnostics/).at(-1)?.message;
		const told = diagnostics.streams.find(
			(one: { name: string }) => one.name === "sweeps",
		);
		assert.equal(told.pipeline, "lidar");
		assert.equal(diagnostics.results_lost, 0);
		await stream.close();
	});

	test("tells what serves as parameters, which nobody can set", async (t) => {
		const viewer = new Viewer(t, /^$/);
		await until("it is connected", () => viewer.channels.size > 0);
		const told = new Promise<{
			parameters: { name: string; value?: unknown }[];
		}>((resolve) => viewer.client.on("parameterValues", resolve as never));
		viewer.client.getParameters([], "all");
		const { parameters } = await told;
		const value = (name: string) =>
			parameters.find((one) => one.name === name)?.value;
		assert.match(String(value("/saccade/server")), /^saccade \d/);
		assert.ok(
			(value("/saccade/models") as string[]).some((name) =>
				name.startsWith("camera_detector/"),
			),
		);
		assert.ok((value("/saccade/pipelines") as string[]).includes("lidar"));
		const refused = new Promise<{ message: string }>((resolve) =>
			viewer.client.on("status", resolve as never),
		);
		viewer.client.setParameters([
			{ name: "/saccade/models", value: [] },
		] as never);
		assert.match((await refused).message, /read-only/);
	});

	test("counts its viewers, answers no page from elsewhere, and is closed unless asked for", async (t) => {
		const viewer = new Viewer(t, /^$/);
		await until("it is connected", () => viewer.channels.size > 0);
		const answer = await fetch(
			`http://127.0.0.1:${server.metrics.port}/metrics`,
		);
		const page = parseMetrics(await answer.text());
		assert.ok(page.value("saccade_foxglove_viewers") >= 1);
		for (const [origin, isOpen] of [
			["https://evil.example", false],
			["https://app.foxglove.dev", true],
		] as const) {
			const socket = new WebSocket(url, ["foxglove.sdk.v1"], { origin });
			const opened = await new Promise<boolean>((resolve) => {
				socket.on("open", () => resolve(true));
				socket.on("error", () => resolve(false));
			});
			assert.equal(opened, isOpen, origin);
			socket.terminate();
		}
		const other = await startTestServer(models);
		assert.equal(other.foxglove, null);
		await other.close();
	});
});
