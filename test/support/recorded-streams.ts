// Streams on the real clock, with a recorder beside them, as the server has them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Recordings } from "../../packages/server/src/app/recordings.ts";
import { systemClock } from "../../packages/server/src/common/clock.ts";
import type { PipelineCatalogue } from "../../packages/server/src/pipelines/pipeline.ts";
import { Journal } from "../../packages/server/src/streams/journal.ts";
import type { QosOffer } from "../../packages/server/src/streams/qos.ts";
import type {
	Reading,
	SensorStream,
	StreamRequest,
} from "../../packages/server/src/streams/stream.ts";
import { StreamSet } from "../../packages/server/src/streams/stream-set.ts";
import { Log } from "../../packages/server/src/streams/testing/harness.ts";
import { createLogger } from "../../packages/server/src/telemetry/logger.ts";

export interface RecordedStreams {
	readonly recordings: Recordings;
	open(
		pipeline: string,
		qos: QosOffer,
		request?: Partial<StreamRequest>,
	): SensorStream;
}

export function recordedStreams(
	t: TestContext,
	catalogueOf: (journal: Journal) => PipelineCatalogue,
): RecordedStreams {
	const folder = mkdtempSync(join(tmpdir(), "saccade-record-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const journal = new Journal();
	const hostOffsetUs =
		systemClock.nowUs() - Number(process.hrtime.bigint()) / 1000;
	const recordings = new Recordings({
		clock: systemClock,
		journal,
		folder,
		maxBytes: 1e9,
		hostOffsetUs,
		server: "test",
		openStreams: () => set.streams,
		log: createLogger("error"),
	});
	const set = new StreamSet({
		clock: systemClock,
		journal,
		hostOffsetUs,
		observer: recordings.observer,
		catalogue: catalogueOf(journal),
	});
	t.after(() => set.close());
	return {
		recordings,
		open: (pipeline, qos, request = {}) => {
			const opened = set.open(
				{
					pipeline,
					qos,
					sensors: [],
					transforms: [],
					safeCommand: null,
					clockDomain: "host-monotonic",
					name: "",
					peer: "",
					...request,
				},
				new Log(),
			);
			if (!opened.ok) throw opened.error;
			return opened.stream;
		},
	};
}

/** A plain reading of this instant, with whatever else a test says. */
export function readingNow(
	sequence: number,
	fields: Partial<Reading> = {},
): Reading {
	return {
		timestampNs: process.hrtime.bigint(),
		deviceId: "device",
		value: sequence,
		sequence,
		frameId: "",
		budgetUs: 0,
		interrupt: false,
		payload: null,
		receivedUs: systemClock.nowUs(),
		lease: null,
		...fields,
	};
}
