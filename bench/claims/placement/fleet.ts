// Unequal simulated devices with one model on each, in this process and on the system clock: as one fleet with one
// queue, or apart, each device with a queue of its own and requests dealt out in turn.
import { systemClock } from "../../../packages/server/src/common/clock.ts";
import { DeviceManager } from "../../../packages/server/src/devices/device-manager.ts";
import { SimulatedDevice } from "../../../packages/server/src/devices/simulated-device.ts";
import {
	type EntryReply,
	ModelEntry,
} from "../../../packages/server/src/models/entry.ts";
import { warmUp } from "../../../packages/server/src/models/loading/warm-up.ts";
import { ModelVersion } from "../../../packages/server/src/models/model-version.ts";
import { parseConfigText } from "../../../packages/server/src/repository/config-text.ts";
import { resolveConfig } from "../../../packages/server/src/repository/resolve-config.ts";
import { FakeRuntime } from "../../../packages/server/src/runtime/fake/fake-runtime.ts";
import type {
	BindRequest,
	Session,
} from "../../../packages/server/src/runtime/runtime.ts";
import { SimulatedSession } from "../../../packages/server/src/runtime/simulated/simulated-session.ts";

export const MAX_BATCH = 8;

/** Stated in the results: what each device takes for a batch, and its memory. */
export const DEVICES = [
	{ name: "large", curveMs: { 1: 16, 8: 24 }, memoryBytes: 16 * 2 ** 30 },
	{ name: "medium", curveMs: { 1: 27, 8: 48 }, memoryBytes: 8 * 2 ** 30 },
	{ name: "small", curveMs: { 1: 48, 8: 110 }, memoryBytes: 4 * 2 ** 30 },
] as const;

/** A batch that a device has answered. */
export interface DeviceRun {
	readonly rows: number;
	readonly fromUs: number;
	readonly toUs: number;
}

export type FleetDevice = (typeof DEVICES)[number];

/** Rows a second in full batches, without a pause. */
export function ratedPerSecond({ curveMs }: FleetDevice): number {
	return (MAX_BATCH * 1000) / curveMs[MAX_BATCH];
}

/** `placed`: one model on all devices. `round-robin`: request i goes to device i mod n. */
export type Dealing = "placed" | "round-robin";

const CONFIG = `backend: "fake" max_batch_size: ${MAX_BATCH} dynamic_batching { }`;
const MODEL = Buffer.from(
	JSON.stringify({
		inputs: [{ name: "input", dtype: "FP32", shape: [-1, 16] }],
		outputs: [{ name: "output", dtype: "FP32", shape: [-1, 16] }],
		compute: "double",
	}),
);
const ROW_FLOATS = 16;
const MODEL_BYTES = 64 * 2 ** 20;

export class Fleet {
	readonly devices: readonly SimulatedDevice[];
	/** What each device has done so far. */
	readonly runs: readonly (readonly DeviceRun[])[];
	readonly #manager: DeviceManager;
	readonly #models: readonly ModelVersion[];
	/** The clock's timers keep no process alive. */
	readonly #keepAlive: NodeJS.Timeout;
	#next = 0;

	private constructor(
		devices: readonly SimulatedDevice[],
		manager: DeviceManager,
		models: readonly ModelVersion[],
		runs: readonly DeviceRun[][],
		keepAlive: NodeJS.Timeout,
	) {
		this.#keepAlive = keepAlive;
		this.devices = devices;
		this.#manager = manager;
		this.#models = models;
		this.runs = runs;
	}

	static async open(
		dealing: Dealing,
		among: readonly FleetDevice[] = DEVICES,
	): Promise<Fleet> {
		const clock = systemClock;
		const keepAlive = setInterval(() => {}, 60_000);
		const devices = among.map(
			(spec) => new SimulatedDevice({ ...spec, clock }),
		);
		const manager = new DeviceManager(devices, { clock });
		const runtime = new FakeRuntime(clock);
		const runs = among.map((): DeviceRun[] => []);
		const instances = [];
		for (const [index, device] of devices.entries()) {
			const inner = await runtime.load({ kind: "bytes", bytes: MODEL }, {});
			const session = new SimulatedSession(inner, device, MODEL_BYTES);
			const logical = manager.devices[index]!;
			instances.push({
				device: logical,
				session: recorded(session, runs[index]!),
				laneCount: 1,
			});
		}
		const groups =
			dealing === "placed" ? [instances] : instances.map((one) => [one]);
		const { message } = parseConfigText(CONFIG, "the claim's configuration");
		const models = groups.map(
			(group) =>
				new ModelVersion({
					config: resolveConfig(message, group[0]!.session, {
						name: "claim",
						autoComplete: true,
						defaultMaxBatchSize: MAX_BATCH,
						defaultInstanceCount: 1,
					}),
					version: 1,
					instances: group,
					clock,
					policy: "deadline",
					labels: new Map(),
					loadedInUs: 0,
				}),
		);
		const readFile = () => Promise.reject(new Error("no file is named"));
		for (const model of models) {
			model.setState({ kind: "warming" });
			await warmUp(model, { clock, readFile });
			model.setState({ kind: "ready" });
		}
		return new Fleet(devices, manager, models, runs, keepAlive);
	}

	submit(value: number, deadlineUs: number, ended: Ended): void {
		const data = new Float32Array(ROW_FLOATS).fill(value);
		const reply: EntryReply = {
			completed: (_entry, outputs) => {
				const bytes = outputs.data(0);
				const answer = new DataView(bytes.buffer, bytes.byteOffset);
				if (answer.getFloat32(0, true) !== 2 * value)
					throw new Error(`wrong answer to ${value}`);
				ended("answered");
			},
			failed: () => ended("refused"),
		};
		const request = {
			deadlineUs,
			priority: 0,
			timeoutUs: 0,
			receivedUs: systemClock.nowUs(),
			lease: null,
		};
		const entry = new ModelEntry(
			1,
			request,
			"",
			[[1, ROW_FLOATS]],
			[new Uint8Array(data.buffer)],
			reply,
		);
		this.#models[this.#next++ % this.#models.length]!.submit(entry);
	}

	async close(): Promise<void> {
		for (const device of this.devices) device.close();
		await Promise.all(this.#models.map((model) => model.unload()));
		this.#manager.close();
		clearInterval(this.#keepAlive);
	}
}

/** The session, with a record of where and when work was done. */
function recorded(session: Session, runs: DeviceRun[]): Session {
	return Object.assign(Object.create(session) as Session, {
		bind: (request: BindRequest) => {
			const binding = session.bind(request);
			const run = binding.run.bind(binding);
			binding.run = (mode, done) => {
				const fromUs = systemClock.nowUs();
				run(mode, (error) => {
					const rows = request.inputShapes[0]?.[0] ?? 0;
					if (error === null)
						runs.push({ rows, fromUs, toUs: systemClock.nowUs() });
					done(error);
				});
			};
			return binding;
		},
		close: () => session.close(),
	});
}

export type Ended = (how: "answered" | "refused") => void;
