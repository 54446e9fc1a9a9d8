// A model version on the fake runtime and a clock that moves by hand, with everything its callers hear in one log.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../common/clock.ts";
import { ManualClock } from "../../common/manual-clock.ts";
import { CpuDevice } from "../../devices/cpu-device.ts";
import { LogicalDevice } from "../../devices/device-manager.ts";
import { parseConfigText } from "../../repository/config-text.ts";
import { resolveConfig } from "../../repository/resolve-config.ts";
import { FakeRuntime } from "../../runtime/fake/fake-runtime.ts";
import { ModelVersion } from "../model-version.ts";
import type { SchedulingPolicyName } from "../version/version-scheduler.ts";
import { makeFakeCaller } from "./fake-caller.ts";

export interface FakeModelOptions {
	/** `config.pbtxt`. @default what completion makes of an empty one */
	readonly config?: string;
	/** Service time in ms by batch size. @default a run takes no time */
	readonly curveMs?: Readonly<Record<string, number>>;
	readonly failsFromRows?: number;
	/** Rows of any length in place of one number. @default false */
	readonly isDynamic?: boolean;
	/** @default 1 */
	readonly laneCount?: number;
	readonly policy?: SchedulingPolicyName;
	/** @default 1 */
	readonly version?: number;
	/** Where runs end by themselves. @default the manual clock of the result */
	readonly clock?: Clock;
}

/** Doubles one FP32 a row. */
export const FAKE_MODEL = {
	inputs: [{ name: "input", dtype: "FP32", shape: [-1, 1] }],
	outputs: [{ name: "output", dtype: "FP32", shape: [-1, 1] }],
	compute: "double",
} as const;

export async function makeFakeModel(options: FakeModelOptions = {}) {
	const clock = new ManualClock(1000);
	const runClock = options.clock ?? clock;
	const runtime = new FakeRuntime(runClock);
	const { curveMs, failsFromRows, isDynamic = false } = options;
	const shaped = (specs: readonly object[]) =>
		specs.map((spec) => (isDynamic ? { ...spec, shape: [-1, -1] } : spec));
	const json = {
		...FAKE_MODEL,
		inputs: shaped(FAKE_MODEL.inputs),
		outputs: shaped(FAKE_MODEL.outputs),
		curveMs,
		failsFromRows,
	};
	const session = await runtime.load(
		{ kind: "bytes", bytes: Buffer.from(JSON.stringify(json)) },
		{},
	);
	const { message } = parseConfigText(
		options.config ?? 'backend: "fake"',
		"the test's configuration",
	);
	const model = new ModelVersion({
		config: resolveConfig(message, session, {
			name: "fake",
			autoComplete: true,
			defaultMaxBatchSize: 4,
			defaultInstanceCount: 1,
		}),
		version: options.version ?? 1,
		instances: [
			{
				device: new LogicalDevice(new CpuDevice("cpu", 1), runClock),
				session,
				laneCount: options.laneCount ?? 1,
			},
		],
		clock: runClock,
		policy: options.policy ?? "deadline",
		labels: new Map(),
		loadedInUs: 0,
	});
	const caller = makeFakeCaller(model, clock, isDynamic);
	return { clock, runtime, session, model, ...caller, nextTurn };
}

/** The same, in service. */
export async function makeReadyModel(options: FakeModelOptions = {}) {
	const made = await makeFakeModel(options);
	made.model.setState({ kind: "warming" });
	made.model.setState({ kind: "ready" });
	return made;
}
