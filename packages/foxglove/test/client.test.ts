// The server as the Foxglove project's own client sees it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FoxgloveClient } from "@foxglove/ws-protocol";
import type { ChannelSpec, Parameter, ParameterStore } from "../src/index.ts";
import { connect, startServer } from "./support.ts";

const POSE: ChannelSpec = {
	topic: "/pose",
	encoding: "protobuf",
	schemaName: "test.Pose",
	schema: Uint8Array.of(1, 2, 0, 255),
	schemaEncoding: "protobuf",
};
const NOTE: ChannelSpec = {
	topic: "/note",
	encoding: "json",
	schemaName: "test.Note",
	schema: '{"type":"object"}',
	schemaEncoding: "jsonschema",
};

interface Events {
	readonly serverInfo: {
		name: string;
		capabilities: string[];
		sessionId?: string;
		metadata?: Record<string, string>;
	};
	readonly advertise: {
		id: number;
		topic: string;
		schema: string;
		encoding: string;
		schemaName: string;
		schemaEncoding?: string;
	}[];
	readonly unadvertise: number[];
	readonly message: {
		subscriptionId: number;
		timestamp: bigint;
		data: DataView;
	};
	readonly time: { timestamp: bigint };
	readonly parameterValues: { parameters: Parameter[]; id?: string };
	readonly status: { level: number; message: string };
}

function next<E extends keyof Events>(
	client: FoxgloveClient,
	event: E,
): Promise<Events[E]> {
	return new Promise((resolve) => {
		const listen = (value: unknown) => {
			client.off(event, listen as never);
			resolve(value as Events[E]);
		};
		client.on(event, listen as never);
	});
}

const bytesOf = ({ data }: Events["message"]) =>
	new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Subscribed, and known to be: the server answers in order. */
async function subscribe(
	client: FoxgloveClient,
	channelId: number,
): Promise<number> {
	const id = client.subscribe(channelId);
	client.getParameters([], "subscribed");
	await Promise.race([next(client, "parameterValues"), next(client, "status")]);
	return id;
}

describe("the Foxglove project's client", { timeout: 30_000 }, () => {
	for (const protocol of ["foxglove.sdk.v1", "foxglove.websocket.v1"])
		test(`learns over ${protocol} who serves and what there is`, async (t) => {
			const { server, url } = await startServer(t, {
				name: "saccade 0.1.0",
				metadata: { pipeline: "lidar" },
				sessionId: "run-7",
				hasTime: true,
			});
			const pose = server.addChannel(POSE);
			const client = connect(t, url, protocol);
			const [info, [first]] = await Promise.all([
				next(client, "serverInfo"),
				next(client, "advertise"),
			]);
			assert.equal(info.name, "saccade 0.1.0");
			assert.deepEqual(info.capabilities, ["time"]);
			assert.deepEqual(info.metadata, { pipeline: "lidar" });
			assert.equal(info.sessionId, "run-7");
			assert.equal(first?.id, pose.id);
			assert.equal(first.topic, "/pose");
			assert.equal(first.schemaName, "test.Pose");
			assert.deepEqual(
				new Uint8Array(Buffer.from(first.schema, "base64")),
				POSE.schema,
			);
			const later = next(client, "advertise");
			const note = server.addChannel(NOTE);
			assert.deepEqual(await later, [{ id: note.id, ...NOTE }]);
			const gone = next(client, "unadvertise");
			pose.close();
			assert.deepEqual(await gone, [pose.id]);
		});

	test("gets what it subscribed to, with its time, and nothing else", async (t) => {
		const { server, url } = await startServer(t);
		const pose = server.addChannel(POSE);
		const note = server.addChannel(NOTE);
		const client = connect(t, url);
		await next(client, "advertise");
		assert.equal(pose.isWatched, false);
		const id = await subscribe(client, pose.id);
		assert.equal(pose.isWatched, true);
		assert.equal(note.isWatched, false);
		const message = next(client, "message");
		note.publish(1n, Uint8Array.of(9));
		pose.publish(1_764_000_000_123_456_789n, Uint8Array.of(5, 6, 7));
		const { subscriptionId, timestamp, ...rest } = await message;
		assert.equal(subscriptionId, id);
		assert.equal(timestamp, 1_764_000_000_123_456_789n);
		assert.deepEqual(
			bytesOf({ subscriptionId, timestamp, ...rest }),
			Uint8Array.of(5, 6, 7),
		);
		client.unsubscribe(id);
		client.getParameters([], "unsubscribed");
		await next(client, "status");
		assert.equal(pose.isWatched, false);
	});

	test("gets a payload of several pieces, small, large and empty, as one", async (t) => {
		const { server, url } = await startServer(t);
		const channel = server.addChannel(POSE);
		const client = connect(t, url);
		await next(client, "advertise");
		await subscribe(client, channel.id);
		const large = new Uint8Array(1_000_000).map((_, i) => i % 251);
		for (const pieces of [
			[Uint8Array.of(1), Uint8Array.of(2, 3)],
			[Uint8Array.of(1), new Uint8Array(0), large],
			[new Uint8Array(0)],
		]) {
			const message = next(client, "message");
			channel.publish(1n, pieces);
			assert.deepEqual(
				bytesOf(await message),
				new Uint8Array(Buffer.concat(pieces)),
			);
		}
	});

	test("is told the time", async (t) => {
		const { server, url } = await startServer(t, { hasTime: true });
		server.publishTime(1n);
		const client = connect(t, url);
		await next(client, "advertise");
		const told = next(client, "time");
		server.publishTime(1_764_000_000_000_000_001n);
		assert.equal((await told).timestamp, 1_764_000_000_000_000_001n);
	});

	test("reads and sets parameters, and hears of those that others change", async (t) => {
		const values = new Map<string, Parameter>([
			["gain", { name: "gain", value: 2, type: "float64" }],
			["mode", { name: "mode", value: "auto" }],
			["limits", { name: "limits", value: [1, 2.5], type: "float64_array" }],
		]);
		const parameters: ParameterStore = {
			list: () => [...values.values()],
			set: (parameter) => {
				if (parameter.name !== "gain") throw new Error("only the gain changes");
				values.set("gain", parameter);
			},
		};
		const { server, url } = await startServer(t, { parameters });
		const [one, other] = [connect(t, url), connect(t, url)];
		const infos = await Promise.all([
			next(one, "serverInfo"),
			next(other, "serverInfo"),
		]);
		for (const { capabilities } of infos)
			assert.deepEqual(capabilities, ["parameters", "parametersSubscribe"]);
		one.getParameters([], "all");
		assert.deepEqual(await next(one, "parameterValues"), {
			op: "parameterValues",
			parameters: [...values.values()],
			id: "all",
		});
		other.getParameters(["mode", "invented"], "some");
		const some = await next(other, "parameterValues");
		assert.deepEqual(some.parameters, [{ name: "mode", value: "auto" }]);
		other.subscribeParameterUpdates(["gain", "mode"]);
		other.getParameters(["mode"], "subscribed");
		await next(other, "parameterValues");
		const heard = next(other, "parameterValues");
		const answered = next(one, "parameterValues");
		const refused = next(one, "status");
		one.setParameters(
			[
				{ name: "gain", value: 3.5, type: "float64" },
				{ name: "mode", value: "manual" },
			],
			"set",
		);
		assert.match((await refused).message, /only the gain changes/);
		assert.deepEqual((await answered).parameters, [
			{ name: "gain", value: 3.5, type: "float64" },
			{ name: "mode", value: "auto" },
		]);
		assert.deepEqual(await heard, {
			op: "parameterValues",
			parameters: [{ name: "gain", value: 3.5, type: "float64" }],
		});
		other.unsubscribeParameterUpdates(["gain"]);
		other.getParameters(["mode"], "unsubscribed");
		await next(other, "parameterValues");
		const last = next(other, "parameterValues");
		server.parametersChanged(["gain"]);
		server.parametersChanged(["mode"]);
		assert.deepEqual((await last).parameters, [
			{ name: "mode", value: "auto" },
		]);
	});

	test("hears goodbye", async (t) => {
		const { server, url } = await startServer(t);
		const client = connect(t, url);
		await next(client, "advertise");
		const closed = new Promise<{ code: number }>((resolve) =>
			client.on("close", resolve as never),
		);
		await server.close();
		assert.equal((await closed).code, 1001);
		assert.equal(server.stats().viewerCount, 0);
	});

	test("that leaves watches nothing any more", async (t) => {
		const { server, url } = await startServer(t);
		const channel = server.addChannel(POSE);
		const [one, other] = [connect(t, url), connect(t, url)];
		await Promise.all([next(one, "advertise"), next(other, "advertise")]);
		await subscribe(one, channel.id);
		await subscribe(other, channel.id);
		one.close();
		other.close();
		while (server.stats().viewerCount > 0) await new Promise(setImmediate);
		assert.equal(channel.isWatched, false);
	});
});
