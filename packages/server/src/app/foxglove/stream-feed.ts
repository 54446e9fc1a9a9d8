// What streams do, for viewers: pictures, clouds, tracks, transforms, decisions and outcomes, on the topics and in the
// schemas of a recording, so that one layout shows both. Nothing is made that nobody watches; a payload is copied once,
// since its memory is used again as soon as its frame has ended.
import type { DescMessage } from "@bufbuild/protobuf";
import type { Channel, FoxgloveServer } from "@saccade/foxglove";
import { BEV_CLASSES, CAMERA_CLASSES } from "@saccade/perception";
import { CameraCalibrationSchema } from "@saccade/protocol/gen/foxglove/CameraCalibration_pb.js";
import { FrameTransformsSchema } from "@saccade/protocol/gen/foxglove/FrameTransforms_pb.js";
import { ImageAnnotationsSchema } from "@saccade/protocol/gen/foxglove/ImageAnnotations_pb.js";
import { SceneUpdateSchema } from "@saccade/protocol/gen/foxglove/SceneUpdate_pb.js";
import {
	DecisionSchema,
	FrameOutcomeSchema,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { ChannelSpec } from "../../recording/mcap-file.ts";
import type { FrameOutcome, SensorStream } from "../../streams/stream.ts";
import type { StreamObserver } from "../../streams/telemetry-stream.ts";
import { boxesOf, imageAnnotations } from "../../wire/foxglove/annotations.ts";
import { sceneUpdate, tracksOf } from "../../wire/foxglove/scene.ts";
import {
	cameraCalibration,
	frameTransforms,
} from "../../wire/foxglove/transforms.ts";
import { OutcomeWriter } from "../../wire/outcome-buffer.ts";
import {
	payloadParts,
	payloadSchema,
	timestampOf,
} from "../../wire/recording/payloads.ts";
import { decisionBytes } from "../../wire/recording/recording-writer.ts";
import {
	pointCloud2Channel,
	protobufChannel,
} from "../../wire/recording/schemas.ts";

/** Device ids are the clients' to choose; what comes beyond so many channels is not shown. */
const MAX_CHANNEL_COUNT = 1000;
/** What does not change is told again for who came since. */
const STEADY_EVERY_US = 1e6;

/** Names of the classes of pipelines that come with the server. */
const CLASS_NAMES: Readonly<Record<string, readonly string[]>> = {
	lidar: BEV_CLASSES,
	camera: CAMERA_CLASSES,
};

interface Feed {
	readonly topics: Set<string>;
	steadyUs: number;
}

/** Streams may say things on the same topic; it is there as long as one of them is. */
interface SharedChannel {
	readonly channel: Channel;
	userCount: number;
}

type Viewers = Pick<FoxgloveServer, "addChannel" | "stats">;

export class StreamFeed implements StreamObserver {
	readonly #server: Viewers;
	readonly #wallNs: () => bigint;
	readonly #feeds = new Map<SensorStream, Feed>();
	/** By topic. */
	readonly #channels = new Map<string, SharedChannel>();
	readonly #outcomes = new OutcomeWriter();

	/** @param wallNs time since 1970, of now */
	constructor(server: Viewers, wallNs: () => bigint) {
		this.#server = server;
		this.#wallNs = wallNs;
	}

	frameEnded(stream: SensorStream, frame: FrameOutcome): void {
		if (this.#server.stats().viewerCount === 0) return;
		const feed = this.#feedOf(stream);
		const atNs = this.#wallNs();
		this.#payload(feed, frame, atNs);
		this.#steady(feed, stream, frame, atNs);
		const base = `/streams/${stream.id}`;
		const outcomes = this.#open(feed, `${base}/outcomes`, FrameOutcomeSchema);
		if (outcomes?.isWatched === true)
			outcomes.publish(atNs, this.#outcomes.write(frame).slice());
		const { result, timestampNs } = frame;
		if (result === null) return;
		if (result.decision !== null) {
			const decisions = this.#open(feed, `${base}/decisions`, DecisionSchema);
			if (decisions?.isWatched === true)
				decisions.publish(atNs, decisionBytes(result.decision, timestampNs));
		}
		this.#found(feed, stream, frame, atNs);
	}

	streamEnded(stream: SensorStream): void {
		const feed = this.#feeds.get(stream);
		this.#feeds.delete(stream);
		for (const topic of feed?.topics ?? []) this.#leave(topic);
	}

	#payload(feed: Feed, frame: FrameOutcome, atNs: bigint): void {
		const schema = payloadSchema(frame.payload);
		if (schema === null) return;
		const kind = schema === "point-cloud2" ? schema : schema.name;
		const topic = `/sensors/${topicOf(frame.deviceId)}/${kind}`;
		const channel = this.#open(feed, topic, schema);
		if (channel?.isWatched !== true) return;
		const parts = payloadParts(frame);
		if (parts !== null) channel.publish(atNs, [parts.head, parts.data.slice()]);
	}

	/** Tracks and where the vehicle is, boxes in pictures. */
	#found(
		feed: Feed,
		{ id, pipelineName, request }: SensorStream,
		{ result, timestampNs }: FrameOutcome,
		atNs: bigint,
	): void {
		const outputs = result?.outputs ?? [];
		if (outputs.length === 0) return;
		const classNames = CLASS_NAMES[pipelineName] ?? [];
		const timestamp = timestampOf(timestampNs);
		const tracked = tracksOf(outputs);
		if (tracked !== null) {
			const scene = this.#open(
				feed,
				`/streams/${id}/tracks`,
				SceneUpdateSchema,
			);
			if (scene?.isWatched === true)
				scene.publish(atNs, sceneUpdate(tracked, classNames, timestamp));
			const poses = this.#open(feed, "/tf", FrameTransformsSchema);
			if (poses?.isWatched === true)
				poses.publish(
					atNs,
					frameTransforms(tracked, request.transforms, timestamp),
				);
		}
		const boxes = boxesOf(outputs);
		if (boxes === null) return;
		const annotations = this.#open(
			feed,
			`/streams/${id}/boxes`,
			ImageAnnotationsSchema,
		);
		if (annotations?.isWatched === true)
			annotations.publish(atNs, imageAnnotations(boxes, classNames, timestamp));
	}

	/** What a stream was opened with: where sensors are, and how cameras see. */
	#steady(
		feed: Feed,
		{ request }: SensorStream,
		{ finishedUs, timestampNs }: FrameOutcome,
		atNs: bigint,
	): void {
		if (finishedUs - feed.steadyUs < STEADY_EVERY_US) return;
		feed.steadyUs = finishedUs;
		const timestamp = timestampOf(timestampNs);
		if (request.transforms.length > 0)
			this.#open(feed, "/tf", FrameTransformsSchema)?.publish(
				atNs,
				frameTransforms(null, request.transforms, timestamp),
			);
		for (const { deviceId, calibration, frameId } of request.sensors) {
			if (calibration === null) continue;
			const topic = `/sensors/${topicOf(deviceId)}/CameraCalibration`;
			const named = { ...calibration, frameId: calibration.frameId || frameId };
			this.#open(feed, topic, CameraCalibrationSchema)?.publish(
				atNs,
				cameraCalibration(named, timestamp),
			);
		}
	}

	#feedOf(stream: SensorStream): Feed {
		let feed = this.#feeds.get(stream);
		if (feed === undefined) {
			feed = { topics: new Set(), steadyUs: Number.NEGATIVE_INFINITY };
			this.#feeds.set(stream, feed);
		}
		return feed;
	}

	/** Null: there are too many. */
	#open(
		feed: Feed,
		topic: string,
		schema: DescMessage | "point-cloud2",
	): Channel | null {
		const shared = this.#channels.get(topic) ?? this.#add(topic, schema);
		if (shared === null) return null;
		if (!feed.topics.has(topic)) {
			feed.topics.add(topic);
			shared.userCount++;
		}
		return shared.channel;
	}

	#add(
		topic: string,
		schema: DescMessage | "point-cloud2",
	): SharedChannel | null {
		if (this.#channels.size >= MAX_CHANNEL_COUNT) return null;
		const spec =
			schema === "point-cloud2"
				? pointCloud2Channel(topic)
				: protobufChannel(topic, schema);
		const channel = this.#server.addChannel(asFoxglove(spec));
		const shared = { channel, userCount: 0 };
		this.#channels.set(topic, shared);
		return shared;
	}

	#leave(topic: string): void {
		const shared = this.#channels.get(topic);
		if (shared === undefined) return;
		shared.userCount--;
		if (shared.userCount > 0) return;
		this.#channels.delete(topic);
		shared.channel.close();
	}
}

const text = new TextDecoder();

export function asFoxglove({ topic, messageEncoding, ...spec }: ChannelSpec) {
	const { schemaName, schemaEncoding, schema } = spec;
	const isBinary = schemaEncoding === "protobuf";
	return {
		topic,
		encoding: messageEncoding,
		schemaName,
		schemaEncoding,
		schema: isBinary ? schema : text.decode(schema),
	};
}

function topicOf(deviceId: string): string {
	return encodeURIComponent(deviceId.toWellFormed());
}
