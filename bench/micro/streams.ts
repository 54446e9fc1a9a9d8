// A plain reading from its bytes to those of its outcome, as a stream does it for tens of thousands a second.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
	ControlCommandSchema,
	SensorReadingSchema,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import { systemClock } from "../../packages/server/src/common/clock.ts";
import { createScalarPipeline } from "../../packages/server/src/pipelines/scalar-pipeline.ts";
import type { FrameOutcome } from "../../packages/server/src/streams/stream.ts";
import { StreamSet } from "../../packages/server/src/streams/stream-set.ts";
import { OutcomeBuffer } from "../../packages/server/src/wire/outcome-buffer.ts";
import { SensorReadingReader } from "../../packages/server/src/wire/sensor-reading.ts";
import { type AnyCase, cycle, defineCase } from "./case.ts";

const DEVICE_COUNT = 64;

function readings(): Uint8Array[] {
	return Array.from({ length: DEVICE_COUNT }, (_, i) =>
		toBinary(
			SensorReadingSchema,
			create(SensorReadingSchema, {
				timestampNs: 1_700_000_000_000_000_000n + BigInt(i),
				deviceId: `sensor-${i}`,
				value: 20 + i / 7,
				sequence: BigInt(i + 1),
			}),
		),
	);
}

/** An open stream, and the outcomes that it encodes: flushed as a message of them is full. */
function openStream() {
	const outcomes = new OutcomeBuffer();
	const message = new Uint8Array(1024 * 1024);
	let newest: FrameOutcome | null = null;
	const set = new StreamSet({
		clock: systemClock,
		catalogue: { find: () => createScalarPipeline() },
	});
	const opened = set.open(
		{
			pipeline: "scalar",
			qos: {},
			sensors: [],
			transforms: [],
			safeCommand: null,
			clockDomain: "device",
			name: "",
			peer: "",
		},
		{
			outcome: (outcome) => {
				newest = outcome;
				outcomes.push(outcome);
				if (outcomes.count === 512) outcomes.takeInto(message, 0);
			},
			event: () => {},
			policyChanged: () => {},
			ended: () => {},
		},
	);
	if (!opened.ok) throw opened.error;
	const { stream } = opened;
	let sequence = 0;
	/** Each later than the one before, so that none is a duplicate. */
	const take = (deviceId: string, value: number) => {
		const receivedUs = systemClock.nowUs();
		stream.reading({
			timestampNs: BigInt(Math.round(receivedUs * 1000)) + BigInt(++sequence),
			deviceId,
			value,
			sequence,
			frameId: "",
			budgetUs: 0,
			interrupt: false,
			payload: null,
			receivedUs,
			lease: null,
		});
	};
	return {
		outcomes,
		message,
		take,
		newest: () => newest,
		close: () => set.close(),
	};
}

export const streamCases: readonly AnyCase[] = [
	defineCase({
		name: "streams/reading/decode by hand",
		budget: null,
		setup: () => ({
			next: cycle(readings()),
			reader: new SensorReadingReader(),
		}),
		run: ({ next, reader }) => {
			reader.read(next());
			return reader.value;
		},
	}),
	defineCase({
		name: "streams/reading/decode by protobuf-es",
		budget: null,
		setup: () => cycle(readings()),
		run: (next) => fromBinary(SensorReadingSchema, next()),
	}),
	defineCase({
		name: "streams/reading/bytes to outcome",
		budget: null,
		setup: () => ({
			...openStream(),
			next: cycle(readings()),
			reader: new SensorReadingReader(),
		}),
		run: ({ next, reader, take }) => {
			reader.read(next());
			take(reader.deviceId, reader.value);
		},
		close: ({ close }) => close(),
	}),
	defineCase({
		name: "streams/outcome/encode by hand",
		budget: null,
		setup: () => {
			const open = openStream();
			open.take("sensor-1", 20);
			open.outcomes.clear();
			return { ...open, outcome: open.newest()! };
		},
		run: ({ outcomes, outcome, message }) => {
			outcomes.push(outcome);
			if (outcomes.count === 512) outcomes.takeInto(message, 0);
		},
		close: ({ close }) => close(),
	}),
	defineCase({
		name: "streams/outcome/encode by protobuf-es",
		budget: null,
		setup: () => {
			const open = openStream();
			open.take("sensor-1", 20);
			const bytes = new Uint8Array(open.outcomes.byteLength);
			open.outcomes.takeInto(bytes, 0);
			open.close();
			return fromBinary(ControlCommandSchema, bytes);
		},
		run: (command) => toBinary(ControlCommandSchema, command),
	}),
];
