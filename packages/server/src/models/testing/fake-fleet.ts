// One model on several simulated devices, on a clock that moves by hand, with everything its callers hear in one log.
import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ManualClock } from "../../common/manual-clock.ts";
import { DeviceManager } from "../../devices/device-manager.ts";
import {
	type FaultWindow,
	SimulatedDevice,
} from "../../devices/simulated-device.ts";
import { parseConfigText } from "../../repository/config-text.ts";
import { resolveConfig } from "../../repository/resolve-config.ts";
import { FakeRuntime } from "../../runtime/fake/fake-runtime.ts";
import { SimulatedSession } from "../../runtime/simulated/simulated-session.ts";
import { warmUp } from "../loading/warm-up.ts";
import { ModelVersion } from "../model-version.ts";
import type { SchedulingPolicyName } from "../version/version-scheduler.ts";
import { makeFakeCaller } from "./fake-caller.ts";
import { FAKE_MODEL } from "./fake-model.ts";

interface FleetDevice {
	readonly name: string;
	readonly curveMs: Readonly<Record<string, number>>;
	/** From the moment when the model serves. */
	readonly faults?: readonly FaultWindow[];
	/** @default 1 */
	readonly laneCount?: number;
}

export interface FleetOptions {
	readonly devices: readonly FleetDevice[];
	readonly policy?: SchedulingPolicyName;
	/** @default batches of up to 8 */
	readonly config?: string;
	/** From this many rows on the model itself fails, on every device. */
	readonly failsFromRows?: number;
}

const BATCHED = 'backend: "fake" max_batch_size: 8 dynamic_batching { }';
const MODEL_BYTES = 1000;

export async function makeFleet(options: FleetOptions) {
	const clock = new ManualClock(1000);
	const runtime = new FakeRuntime(clock);
	const simulated = options.devices.map(
		({ name, curveMs }) =>
			new SimulatedDevice({ name, curveMs, memoryBytes: 1e6, clock }),
	);
	const manager = new DeviceManager(simulated, { clock });
	const { failsFromRows } = options;
	const json = JSON.stringify({ ...FAKE_MODEL, failsFromRows });
	const instances = [];
	for (const [index, device] of simulated.entries()) {
		const bytes = Buffer.from(json);
		const inner = await runtime.load({ kind: "bytes", bytes }, {});
		instances.push({
			device: manager.devices[index]!,
			session: new SimulatedSession(inner, device, MODEL_BYTES),
			laneCount: options.devices[index]?.laneCount ?? 1,
		});
	}
	const { message } = parseConfigText(options.config ?? BATCHED, "the test's");
	const model = new ModelVersion({
		config: resolveConfig(message, instances[0]!.session, {
			name: "fleet",
			autoComplete: true,
			defaultMaxBatchSize: 8,
			defaultInstanceCount: 1,
		}),
		version: 1,
		instances,
		clock,
		policy: options.policy ?? "deadline",
		labels: new Map(),
		loadedInUs: 0,
	});
	model.setState({ kind: "warming" });
	let isWarm = false;
	const end = () => {
		isWarm = true;
	};
	// A model that fails on every device cannot be warmed with large batches, and serves its smaller ones.
	warmUp(model, {
		clock,
		readFile: () => Promise.reject(new Error("no file")),
	}).then(end, end);
	for (let turn = 0; !isWarm; turn++) {
		assert.ok(turn < 10_000, "warm-up does not end");
		await nextTurn();
		clock.advance(1000);
	}
	model.setState({ kind: "ready" });
	for (const [index, { faults = [] }] of options.devices.entries())
		for (const { fault, fromMs, toMs } of faults) {
			const device = simulated[index]!;
			const startUs = clock.nowUs();
			clock.at(startUs + fromMs * 1000, () => device.setFault(fault));
			clock.at(startUs + toMs * 1000, () => device.setFault(null));
		}
	const caller = makeFakeCaller(model, clock);
	/** Lets time pass in steps, with the event loop's turns between. */
	const pass = async (ms: number, stepMs = 1) => {
		for (let passed = 0; passed < ms; passed += stepMs) {
			await nextTurn();
			clock.advance(stepMs * 1000);
		}
		await nextTurn();
	};
	return {
		clock,
		runtime,
		model,
		manager,
		simulated,
		...caller,
		pass,
		nextTurn,
	};
}
