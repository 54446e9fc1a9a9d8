// The newest frame of each device, with what was decided about it, while somebody looks.
import { BEV_CLASSES, CAMERA_CLASSES } from "@saccade/perception";
import {
	type DriveEntry,
	mediaTopic,
	type TrackEntry,
} from "@saccade/protocol/console";
import type { FramePayload } from "../../pipelines/frame.ts";
import type { FrameResult } from "../../pipelines/pipeline.ts";
import type { FrameOutcome, SensorStream } from "../../streams/stream.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { MediaTap } from "./media-tap.ts";
import { round } from "./stream-pulse.ts";

/** Devices shown at once; those of further streams are not. */
const MAX_DEVICES = 200;
/** A device that is silent for so long, and whose stream has ended, is gone. */
const GONE_AFTER_US = 10_000_000;
const RATE_WEIGHT = 1 / 8;

interface Shown {
	readonly entry: Omit<DriveEntry, "tracks" | "rateHz">;
	readonly result: FrameResult | null;
	readonly receivedUs: number;
	readonly periodUs: number;
}

export class DriveTap {
	readonly #media: MediaTap;
	readonly #devices = new Map<string, Shown>();
	isWatched = false;

	constructor(media: MediaTap) {
		this.#media = media;
	}

	frameEnded(stream: SensorStream, frame: FrameOutcome): void {
		if (this.#media.isWatched)
			this.#media.frameEnded(
				mediaTopic(stream.id, frame.deviceId),
				stream,
				frame,
			);
		if (!this.isWatched) return;
		const key = `${stream.id}/${frame.deviceId}`;
		const before = this.#devices.get(key);
		if (before === undefined && this.#devices.size >= MAX_DEVICES) return;
		const { outcome, reason, detail, sequence } = frame;
		const isSilent = frame.result === null && before !== undefined;
		this.#devices.set(key, {
			// What was found and decided last stays in view while frames end without a result.
			entry: isSilent
				? { ...before.entry, outcome, reason, detail, sequence }
				: entryOf(stream, frame),
			result: isSilent ? before.result : frame.result,
			receivedUs: frame.receivedUs,
			periodUs: periodOf(before, frame),
		});
	}

	*entries(nowUs: number): Iterable<readonly [string, DriveEntry]> {
		for (const [key, shown] of this.#devices) {
			const { entry, result, receivedUs, periodUs } = shown;
			if (nowUs - receivedUs > GONE_AFTER_US) {
				this.#devices.delete(key);
				continue;
			}
			yield [
				key,
				{
					...entry,
					tracks: result === null ? null : tracksOf(result.outputs),
					rateHz: periodUs > 0 ? round(1e6 / periodUs) : 0,
				},
			];
		}
	}
}

function periodOf(before: Shown | undefined, frame: FrameOutcome): number {
	if (before === undefined) return 0;
	const gapUs = frame.receivedUs - before.receivedUs;
	return before.periodUs === 0
		? Math.max(0, gapUs)
		: before.periodUs + (gapUs - before.periodUs) * RATE_WEIGHT;
}

function entryOf(
	stream: SensorStream,
	frame: FrameOutcome,
): Omit<DriveEntry, "tracks" | "rateHz"> {
	const { outcome, result, measuredUs, startedUs, deadlineUs } = frame;
	const decision = result?.decision ?? null;
	return {
		stream: stream.id,
		device: frame.deviceId,
		pipeline: stream.pipelineName,
		payload: payloadKind(frame.payload),
		outcome,
		reason: frame.reason,
		detail: frame.detail,
		sequence: frame.sequence,
		measuredUs,
		receivedUs: frame.receivedUs,
		startedUs: Number.isNaN(startedUs) ? null : startedUs,
		finishedUs: frame.finishedUs,
		deadlineUs: Number.isFinite(deadlineUs) ? deadlineUs : null,
		stages: result?.stages ?? [],
		classNames: CLASS_NAMES[stream.pipelineName] ?? [],
		decision:
			decision === null
				? null
				: {
						action: decision.action,
						reasons: decision.reasons,
						targets: decision.targets,
						validUntilUs: measuredUs + decision.validForUs,
					},
	};
}

/** Of the pipelines that are built in. */
const CLASS_NAMES: Readonly<Record<string, readonly string[]>> = {
	lidar: BEV_CLASSES,
	camera: CAMERA_CLASSES,
	// Both detectors have the same.
	drive: BEV_CLASSES,
};

function payloadKind(payload: FramePayload | null): DriveEntry["payload"] {
	return payload === null ? "value" : payload.kind;
}

const TRACK_NUMBERS = 7;

/**
 * Tracks as pipelines tell them: `….states` [n, 7], `….ids`, `….classes`, and `….vehicle` [3], the vehicle in the same
 * frame. Null: this pipeline tells none.
 */
export function tracksOf(outputs: readonly Tensor[]): TrackEntry[] | null {
	const of = (suffix: string, dtype: Tensor["dtype"]) =>
		outputs.find((one) => one.name.endsWith(suffix) && one.dtype === dtype);
	const states = of(".states", "FP32");
	const ids = of(".ids", "UINT32");
	const classes = of(".classes", "INT32");
	const vehicle = of(".vehicle", "FP32");
	if (states === undefined || ids === undefined || classes === undefined)
		return null;
	if (vehicle === undefined || states.shape[1] !== TRACK_NUMBERS) return null;
	const values = float32(states);
	const idValues = new Uint32Array(aligned(ids));
	const classValues = new Int32Array(aligned(classes));
	const [x = 0, y = 0, yaw = 0] = float32(vehicle);
	const cos = Math.cos(yaw);
	const sin = Math.sin(yaw);
	const turned = (ax: number, ay: number): [number, number] => [
		round(cos * ax + sin * ay),
		round(cos * ay - sin * ax),
	];
	return Array.from(idValues, (id, i) => {
		const at = (n: number) => values[TRACK_NUMBERS * i + n] ?? 0;
		return {
			id,
			classId: classValues[i] ?? 0,
			state: [
				...turned(at(0) - x, at(1) - y),
				...turned(at(2), at(3)),
				round(at(4)),
				round(at(5)),
				round(at(6) - yaw),
			],
		};
	});
}

function float32(tensor: Tensor): Float32Array {
	return new Float32Array(aligned(tensor));
}

/** A copy that typed arrays may view. */
function aligned({ data }: Tensor): ArrayBuffer {
	return Uint8Array.from(data).buffer;
}
