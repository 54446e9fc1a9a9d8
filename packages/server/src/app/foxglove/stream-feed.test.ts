import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Channel, ChannelSpec } from "@saccade/foxglove";
import type { FrameOutcome, SensorStream } from "../../streams/stream.ts";
import { StreamFeed } from "./stream-feed.ts";

/** Viewers that watch everything, or whose number is none. */
class Viewers {
	viewerCount = 1;
	isWatching = true;
	readonly log: string[] = [];
	readonly payloads: (readonly Uint8Array[])[] = [];
	readonly open = new Set<string>();

	stats() {
		return { ...this, channelCount: this.open.size, lostCount: 0 };
	}

	addChannel(spec: ChannelSpec): Channel {
		const { topic } = spec;
		this.open.add(topic);
		this.log.push(`+ ${topic}`);
		const viewers = this;
		return {
			id: this.log.length,
			spec,
			get isWatched() {
				return viewers.isWatching;
			},
			publish: (_timeNs, payload) => {
				this.log.push(topic);
				this.payloads.push(payload instanceof Uint8Array ? [payload] : payload);
			},
			close: () => {
				this.open.delete(topic);
				this.log.push(`- ${topic}`);
			},
		};
	}
}

const MOUNT = {
	parentFrameId: "base_link",
	childFrameId: "camera",
	translation: [0, 0, 1],
	rotation: [0, 0, 0, 1],
} as const;

/** Of a stream, the feed looks at these alone. */
function stream(id: string): SensorStream {
	return {
		id,
		pipelineName: "camera",
		request: { transforms: [MOUNT], sensors: [] },
	} as unknown as SensorStream;
}

function frame(more: Partial<FrameOutcome> = {}): FrameOutcome {
	return {
		timestampNs: 5n,
		deviceId: "cam",
		frameId: "camera",
		sequence: 1,
		tag: null,
		outcome: "SUPERSEDED",
		reason: "newer-frame",
		detail: "",
		result: null,
		payload: {
			kind: "image",
			encoding: "mono8",
			width: 4,
			height: 1,
			rowStrideBytes: 0,
			bytes: Uint8Array.of(1, 2, 3, 4),
		},
		measuredUs: 0,
		receivedUs: 0,
		startedUs: Number.NaN,
		finishedUs: 1000,
		deadlineUs: Number.POSITIVE_INFINITY,
		inputs: [],
		...more,
	};
}

describe("streams for viewers", () => {
	test("are nothing while nobody is there, and nothing is made that nobody watches", () => {
		const viewers = new Viewers();
		const feed = new StreamFeed(viewers, () => 7n);
		const one = stream("s1");
		viewers.viewerCount = 0;
		feed.frameEnded(one, frame());
		assert.equal(viewers.log.length, 0);
		viewers.viewerCount = 1;
		viewers.isWatching = false;
		feed.frameEnded(one, frame());
		assert.deepEqual(
			viewers.log.filter((entry) => !entry.startsWith("+")),
			// Where sensors are is told unasked: a channel that nobody watches drops it.
			["/tf"],
		);
	});

	test("show a payload as it was, whatever becomes of its memory", () => {
		const viewers = new Viewers();
		const feed = new StreamFeed(viewers, () => 7n);
		const ended = frame();
		feed.frameEnded(stream("s1"), ended);
		assert.ok(ended.payload?.kind === "image");
		ended.payload.bytes.fill(0);
		const [head, data] = viewers.payloads[0] ?? [];
		assert.ok(head !== undefined && head.byteLength > 0);
		assert.deepEqual(data, Uint8Array.of(1, 2, 3, 4));
	});

	test("share a topic, which is there as long as one of them is", () => {
		const viewers = new Viewers();
		const feed = new StreamFeed(viewers, () => 7n);
		const [one, other] = [stream("s1"), stream("s2")];
		feed.frameEnded(one, frame());
		feed.frameEnded(other, frame());
		assert.equal(viewers.log.filter((entry) => entry === "+ /tf").length, 1);
		feed.streamEnded(one);
		assert.ok(viewers.open.has("/tf"));
		assert.ok(viewers.open.has("/sensors/cam/RawImage"));
		assert.ok(!viewers.open.has("/streams/s1/outcomes"));
		feed.streamEnded(other);
		assert.deepEqual([...viewers.open], []);
	});

	test("of devices without end are shown up to a limit, by names that are no paths", () => {
		const viewers = new Viewers();
		const feed = new StreamFeed(viewers, () => 7n);
		const one = stream("s1");
		for (let i = 0; i < 1500; i++)
			feed.frameEnded(one, frame({ deviceId: `../${i}"\n\ud800` }));
		assert.equal(viewers.open.size, 1000);
		for (const topic of viewers.open)
			assert.match(
				topic,
				/^(\/tf|\/streams\/s1\/outcomes|\/sensors\/[\w%.-]+\/RawImage)$/,
			);
		feed.streamEnded(one);
		assert.equal(viewers.open.size, 0);
	});
});
