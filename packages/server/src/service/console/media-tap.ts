// The newest picture or cloud of the devices that somebody watches. Nothing is copied of any other; pictures are
// compressed off the event loop, one of a device at a time, and a cloud becomes 7 bytes a point.
import { createPoints, pointCountOf, readPoints } from "@saccade/perception";
import {
	type BoxEntry,
	MEDIA_ALIGN_BYTES,
	type MediaHead,
} from "@saccade/protocol/console";
import {
	type CloudDecoder,
	createCloudDecoder,
} from "../../pipelines/cloud-decoder.ts";
import type { CloudPayload, ImagePayload } from "../../pipelines/frame.ts";
import { transformOf } from "../../pipelines/frame-transform.ts";
import { createRawReader } from "../../pipelines/steps/picture-steps.ts";
import type {
	FrameOutcome,
	SensorStream,
	StreamRequest,
} from "../../streams/stream.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { MediaSource } from "./feed.ts";
import { quantiseCloud } from "./quantise-cloud.ts";

/** No faster than this, whatever the sensor does. */
const PICTURE_EVERY_US = 60_000;
const CLOUD_EVERY_US = 90_000;
const JPEG_QUALITY = 80;
/** Larger ones are left out: they would hold the event loop. */
const MAX_CLOUD_POINTS = 1 << 20;
/** Points that a console is told: every so many-th of a larger cloud. */
const MAX_TOLD_POINTS = 120_000;

interface Medium {
	version: number;
	message: Uint8Array | null;
	lastUs: number;
	isEncoding: boolean;
	readonly readRaw: ReturnType<typeof createRawReader>;
}

export class MediaTap implements MediaSource {
	readonly #media = new Map<string, Medium>();
	readonly #decode: CloudDecoder = createCloudDecoder();
	#points = createPoints(0);
	/** Over all media, so that one that comes back is new. */
	#version = 0;

	get isWatched(): boolean {
		return this.#media.size > 0;
	}

	watch(topics: ReadonlySet<string>): void {
		for (const topic of this.#media.keys())
			if (!topics.has(topic)) this.#media.delete(topic);
		for (const topic of topics)
			if (!this.#media.has(topic))
				this.#media.set(topic, {
					version: 0,
					message: null,
					lastUs: Number.NEGATIVE_INFINITY,
					isEncoding: false,
					readRaw: createRawReader(),
				});
	}

	newest(topic: string) {
		const medium = this.#media.get(topic);
		if (medium === undefined || medium.message === null) return null;
		return { version: medium.version, message: medium.message };
	}

	/** The payload is read before this returns. */
	frameEnded(topic: string, stream: SensorStream, frame: FrameOutcome): void {
		const medium = this.#media.get(topic);
		const { payload, finishedUs } = frame;
		if (medium === undefined || payload === null || medium.isEncoding) return;
		const everyUs =
			payload.kind === "image" ? PICTURE_EVERY_US : CLOUD_EVERY_US;
		if (finishedUs - medium.lastUs < everyUs) return;
		try {
			if (payload.kind === "image")
				this.#picture(topic, medium, payload, frame);
			else if (payload.kind === "cloud")
				this.#cloud(topic, medium, payload, { request: stream.request, frame });
			else return;
			medium.lastUs = finishedUs;
		} catch {
			// What cannot be decoded has its outcome already, and no picture.
		}
	}

	#picture(
		topic: string,
		medium: Medium,
		payload: ImagePayload,
		frame: FrameOutcome,
	): void {
		const { encoding, width, height, bytes } = payload;
		const head = {
			kind: "picture",
			topic,
			width,
			height,
			finishedUs: frame.finishedUs,
			outcome: frame.outcome,
			boxes: boxesOf(frame.result?.outputs ?? []),
		} as const;
		if (encoding === "jpeg" || encoding === "png" || encoding === "webp") {
			this.#tell(medium, { ...head, type: `image/${encoding}` }, bytes);
			return;
		}
		const picture = medium.readRaw(payload);
		medium.isEncoding = true;
		compress(picture)
			.then((jpeg) => this.#tell(medium, { ...head, type: "image/jpeg" }, jpeg))
			.catch(() => {})
			.finally(() => {
				medium.isEncoding = false;
			});
	}

	#cloud(
		topic: string,
		medium: Medium,
		payload: CloudPayload,
		{ request, frame }: { request: StreamRequest; frame: FrameOutcome },
	): void {
		const view = this.#decode(payload);
		const total = pointCountOf(view);
		if (total > MAX_CLOUD_POINTS) return;
		if (this.#points.xyzi.length < 4 * total)
			this.#points = createPoints(total);
		readPoints(view, this.#points);
		const { bytes, count, stepM } = quantiseCloud(
			this.#points,
			MAX_TOLD_POINTS,
		);
		this.#tell(
			medium,
			{
				kind: "cloud",
				topic,
				count,
				stepM,
				total,
				finishedUs: frame.finishedUs,
				outcome: frame.outcome,
				mount: mountOf(request),
			},
			bytes,
		);
	}

	#tell(medium: Medium, head: MediaHead, bytes: Uint8Array): void {
		medium.message = encodeMedia(head, bytes);
		medium.version = ++this.#version;
	}
}

async function compress(picture: {
	readonly data: Uint8Array;
	readonly width: number;
	readonly height: number;
}): Promise<Uint8Array> {
	// Only who looks at pictures pays for loading it.
	const { default: sharp } = await import("sharp");
	const { data, width, height } = picture;
	return sharp(data, { raw: { width, height, channels: 3 } })
		.jpeg({ quality: JPEG_QUALITY })
		.toBuffer();
}

/** See `MEDIA_ALIGN_BYTES`. */
export function encodeMedia(head: MediaHead, bytes: Uint8Array): Uint8Array {
	const json = Buffer.from(JSON.stringify(head));
	const headBytes =
		Math.ceil((4 + json.byteLength) / MEDIA_ALIGN_BYTES) * MEDIA_ALIGN_BYTES -
		4;
	const message = Buffer.alloc(4 + headBytes + bytes.byteLength, 0x20);
	message.writeUInt32LE(headBytes, 0);
	message.set(json, 4);
	message.set(bytes, 4 + headBytes);
	return message;
}

const BOX_NUMBERS = 6;

/** As the pipeline `camera` tells them: `boxes` [n, 6]; or `….boxes` [n, 4], `….scores` and `….classes`. */
export function boxesOf(outputs: readonly Tensor[]): BoxEntry[] {
	const boxes = outputs.find(
		({ name, dtype, shape }) =>
			(name === "boxes" || name.endsWith(".boxes")) &&
			dtype === "FP32" &&
			(shape[1] === BOX_NUMBERS || shape[1] === 4),
	);
	if (boxes === undefined) return [];
	const numbers = boxes.shape[1] ?? 0;
	const prefix = boxes.name.slice(0, -"boxes".length);
	const of = (suffix: string) =>
		outputs.find(({ name }) => name === prefix + suffix);
	const values = new Float32Array(Uint8Array.from(boxes.data).buffer);
	const scores = of("scores");
	const classes = of("classes");
	const scoreValues =
		scores === undefined
			? null
			: new Float32Array(Uint8Array.from(scores.data).buffer);
	const classValues =
		classes === undefined
			? null
			: new Int32Array(Uint8Array.from(classes.data).buffer);
	return Array.from({ length: boxes.shape[0] ?? 0 }, (_, i): BoxEntry => {
		const at = (n: number) =>
			Math.round(100 * (values[numbers * i + n] ?? 0)) / 100;
		return [
			...([at(0), at(1), at(2), at(3)] as const),
			numbers === BOX_NUMBERS ? at(4) : (scoreValues?.[i] ?? 1),
			numbers === BOX_NUMBERS ? at(5) : (classValues?.[i] ?? 0),
		];
	});
}

const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];

/** Where the sensor sits: the transform from `base_link` that the stream was opened with. */
function mountOf({ transforms }: StreamRequest): readonly number[] {
	const mount = transforms.find(
		({ parentFrameId }) => parentFrameId === "base_link",
	);
	return mount === undefined ? IDENTITY : [...transformOf(mount)];
}
