// A vehicle on a simulated street, in real time: its sensors speak to a server through the public streams, and it does
// what the decisions say, or its safe command when there is none.
import { Worker } from "node:worker_threads";
import {
	commandOf,
	type FrameOutcome,
	type HeldCommand,
	type Opening,
	type Reading,
	type SensorStream,
} from "@saccade/client";
import { type GrpcClient, hostClock } from "@saccade/client/grpc";
import { CAMERA, CAMERA_MOUNT, LIDAR_MOUNT } from "@saccade/drive";
import { TIMED_LAYOUT } from "@saccade/perception";
import type { FrameTally } from "./frame-tally.ts";
import type {
	FromStreet,
	StreetData,
	StreetReading,
	ToStreet,
} from "./street-messages.ts";

/** Drawing a sweep and a picture takes about half of it on a slow core. */
const LEAD_MS = 40;
/** The first readings are drawn by then. */
const BEFORE_START_MS = 150;

export const DEADLINES_MS = { lidar: 100, camera: 1000 / 30 } as const;

const SAFE = {
	action: "brake",
	reasons: ["silence"],
	targets: [
		{ name: "acceleration_mps2", value: -4 },
		{ name: "speed_mps", value: 0 },
	],
};

const { width, height, focalPx, centreX, centreY } = CAMERA;
const CAMERA_SENSOR = {
	...{ deviceId: "camera", frameId: "camera", periodMs: DEADLINES_MS.camera },
	calibration: {
		...{ width, height },
		k: [focalPx, 0, centreX, 0, focalPx, centreY, 0, 0, 1],
	},
};
/** From axes as in REP 103 to those of a picture: z ahead, x right, y down. */
const OPTICAL = [-0.5, 0.5, -0.5, 0.5] as const;

function openingOf(hasCamera: boolean): Opening {
	return {
		name: "vehicle",
		pipeline: hasCamera ? "drive" : "lidar",
		clockDomain: "host-monotonic",
		safeCommand: SAFE,
		qos: { latencyBudgetMs: DEADLINES_MS.lidar },
		sensors: [
			{ deviceId: "lidar", frameId: "lidar", periodMs: DEADLINES_MS.lidar },
			{ deviceId: "imu", frameId: "base_link", periodMs: 5 },
			{ deviceId: "wheels", periodMs: 20 },
			{ deviceId: "planner", frameId: "base_link", periodMs: 100 },
			...(hasCamera ? [CAMERA_SENSOR] : []),
		],
		transforms: [
			{
				...{ parent: "base_link", child: "lidar" },
				translation: [LIDAR_MOUNT.aheadM, 0, LIDAR_MOUNT.heightM],
			},
			{
				...{ parent: "base_link", child: "camera", rotation: OPTICAL },
				translation: [CAMERA_MOUNT.aheadM, 0, CAMERA_MOUNT.heightM],
			},
		],
	};
}

/** The sensors that the rate is of say so, or their period would be missed. */
function faster(opening: Opening, rate: number): Opening {
	const sensors = opening.sensors?.map((sensor) =>
		sensor.deviceId in DEADLINES_MS
			? { ...sensor, periodMs: (sensor.periodMs ?? 0) / rate }
			: sensor,
	);
	return { ...opening, ...(sensors && { sensors }) };
}

export interface StreetOptions {
	readonly seed: number;
	readonly durationS: number;
	readonly hasCamera: boolean;
	/** How many times as often as they should LiDAR and camera speak. */
	readonly rate: number;
	readonly signal: AbortSignal;
}

/** Resolves at the end of the street; rejects with a ClientError when the server refuses or is gone. */
export async function driveStreet(
	client: GrpcClient,
	tally: FrameTally,
	{ seed, durationS, hasCamera, rate, signal }: StreetOptions,
): Promise<void> {
	const street = startStreet({
		...{ seed, durationS, hasCamera, rate },
		leadMs: LEAD_MS,
	});
	const link = new VehicleLink(client, tally, { hasCamera, rate }, (message) =>
		street.postMessage(message),
	);
	const ended = Promise.withResolvers<void>();
	const onAbort = () => ended.resolve();
	signal.addEventListener("abort", onAbort, { once: true });
	street.on("message", (message: FromStreet) => {
		switch (message.kind) {
			case "ready":
				link.opened.then(
					() => street.postMessage(link.start()),
					(error: unknown) => ended.reject(error),
				);
				return;
			case "readings":
				link.plan(message.readings);
				return;
			case "collision":
				tally.collisions++;
				return;
			case "end":
				tally.pausedMs += message.pausedMs;
				link.drained.then(ended.resolve, ended.reject);
		}
	});
	street.on("error", ended.reject);
	link.broken.catch(ended.reject);
	try {
		await ended.promise;
		await link.close();
	} finally {
		link.cancel();
		signal.removeEventListener("abort", onAbort);
		await street.terminate();
	}
}

function startStreet(data: StreetData): Worker {
	const isSource = import.meta.url.endsWith(".ts");
	const file = isSource ? "street-thread.ts" : "street-thread.js";
	return new Worker(new URL(file, import.meta.url), {
		name: "street",
		workerData: data,
		// A launcher that resolves to sources does so in its own thread only.
		...(isSource && { execArgv: ["--conditions=source"] }),
	});
}

class VehicleLink {
	readonly opened: Promise<unknown>;
	/** Rejects when a stream breaks. */
	readonly broken: Promise<unknown>;
	readonly #stream: SensorStream;
	readonly #tally: FrameTally;
	readonly #toStreet: (message: ToStreet) => void;
	/** In the order of their instants. */
	readonly #waiting: StreetReading[] = [];
	#timer: NodeJS.Timeout | null = null;
	#startNs = 0n;
	#whenDrained: (() => void) | null = null;

	constructor(
		client: GrpcClient,
		tally: FrameTally,
		{ hasCamera, rate }: Pick<StreetOptions, "hasCamera" | "rate">,
		toStreet: (message: ToStreet) => void,
	) {
		this.#tally = tally;
		this.#toStreet = toStreet;
		this.#stream = client.openStream(faster(openingOf(hasCamera), rate), {
			onOutcome: (outcome) => this.#ended(outcome),
			onCommand: (held) => this.#obey(held),
		});
		this.opened = this.#stream.opened;
		this.broken = this.#stream.ended;
		// Whoever asks for them does so when the street is ready, which may be later than a refusal.
		this.opened.catch(() => {});
		this.broken.catch(() => {});
	}

	start(): ToStreet {
		const startNs = hostClock.nowNs() + BigInt(BEFORE_START_MS) * 1_000_000n;
		this.#startNs = startNs;
		return { kind: "start", atNs: startNs };
	}

	/** Each is sent at its instant. */
	plan(readings: readonly StreetReading[]): void {
		this.#waiting.push(...readings);
		this.#sendDue();
	}

	/** Resolves when everything that was planned is sent. */
	get drained(): Promise<void> {
		return new Promise((resolve) => {
			if (this.#waiting.length === 0) resolve();
			else this.#whenDrained = resolve;
		});
	}

	/** Resolves when each frame has its outcome. */
	async close(): Promise<void> {
		await this.#stream.close();
	}

	cancel(): void {
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#stream.cancel();
	}

	#sendDue(): void {
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#timer = null;
		const nowUs = Number(hostClock.nowNs() - this.#startNs) / 1000;
		let next = this.#waiting[0];
		while (next !== undefined && next.dueUs <= nowUs) {
			this.#waiting.shift();
			this.#send(next);
			next = this.#waiting[0];
		}
		if (next !== undefined) {
			// Timers are told in whole ms: rather a little late than from the future.
			const waitMs = Math.ceil((next.dueUs - nowUs) / 1000);
			this.#timer = setTimeout(() => this.#sendDue(), waitMs);
			return;
		}
		this.#whenDrained?.();
	}

	#send(reading: StreetReading): void {
		const timestampNs =
			this.#startNs + BigInt(Math.round(reading.dueUs)) * 1000n;
		const message = messageOf(reading, timestampNs);
		if (this.#stream.send(message) === "sent")
			this.#tally.sent(message.deviceId);
	}

	#ended(outcome: FrameOutcome): void {
		const ageNs = hostClock.nowNs() - outcome.timestampNs;
		this.#tally.ended(outcome, Number(ageNs) / 1e6);
	}

	#obey(held: HeldCommand): void {
		if (held.kind === "safe" && held.because === "silence")
			this.#tally.silences++;
		const { action, targets } = commandOf(held);
		const target = (name: string) =>
			targets.find((one) => one.name === name)?.value;
		this.#toStreet({
			kind: "command",
			action,
			accelerationMps2: target("acceleration_mps2") ?? 0,
			speedMps: target("speed_mps") ?? Number.POSITIVE_INFINITY,
		});
	}
}

function messageOf(reading: StreetReading, timestampNs: bigint): Reading {
	switch (reading.kind) {
		case "imu": {
			const [ax, ay, az] = reading.angular;
			const [lx, ly, lz] = reading.linear;
			return {
				timestampNs,
				deviceId: "imu",
				payload: {
					kind: "imu",
					angularVelocity: { x: ax, y: ay, z: az },
					linearAcceleration: { x: lx, y: ly, z: lz },
				},
			};
		}
		case "wheels":
			return { timestampNs, deviceId: "wheels", value: reading.speedMps };
		case "path":
			return { timestampNs, deviceId: "planner", payload: planOf(reading) };
		case "lidar":
			return {
				timestampNs,
				deviceId: "lidar",
				payload: {
					kind: "cloud",
					...TIMED_LAYOUT,
					data: reading.points,
				},
			};
		case "camera":
			return {
				timestampNs,
				deviceId: "camera",
				deadlineMs: DEADLINES_MS.camera,
				payload: {
					kind: "image",
					encoding: "rgb8",
					width,
					height,
					data: reading.pixels,
				},
			};
	}
}

function planOf({ stepM, points }: StreetReading & { readonly kind: "path" }) {
	const step = new Uint8Array(Float64Array.of(stepM).buffer);
	const tensor = (name: string, shape: number[], data: Uint8Array) => ({
		name,
		datatype: "FP64" as const,
		shape,
		data,
	});
	return {
		kind: "tensors" as const,
		tensors: [
			tensor("path", [3, points.byteLength / 24], points),
			tensor("path_step_m", [1], step),
		],
	};
}
