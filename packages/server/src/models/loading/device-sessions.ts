// Sessions of a version, one on each device that its instance groups ask for, each with its lanes and threads; on one
// device that is cores perhaps one for each of two layouts.
import type { LogicalDevice } from "../../devices/device-manager.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { loadOnGpu } from "../../repository/load-options.ts";
import type { ModelConfig } from "../../repository/model-config.ts";
import type { preflightConfig } from "../../repository/resolve-config.ts";
import type { LoadOptions, Runtime, Session } from "../../runtime/runtime.ts";
import type { ModelVersion } from "../model-version.ts";
import type { SwapPhase } from "../swap-events.ts";
import { chooseDevices, type DeviceChoice } from "./device-choice.ts";
import {
	filling,
	firstLayout,
	isOpen,
	type Layout,
	tryLayout,
} from "./layout.ts";
import type {
	ModelLoaderOptions,
	OpenModel,
	VersionFiles,
} from "./load-request.ts";

export interface LoadPlan {
	readonly runtime: Runtime;
	readonly files: VersionFiles;
	readonly preflight: ReturnType<typeof preflightConfig>;
	readonly phase: (phase: SwapPhase) => void;
	readonly startUs: number;
	/** It is loaded and warm: its memory can be measured. @default nobody does */
	readonly settle?: () => Promise<void>;
	readonly released?: () => void;
}

export interface LoadedInstance extends Layout {
	readonly device: LogicalDevice;
	readonly session: Session;
}

export type Preflight = LoadPlan["preflight"];

/** Who serves, and what is to be checked before runs are made. */
interface OpenSessionsOptions {
	/** Of the model, as it is asked for. */
	readonly name: string;
	readonly successorOf: ModelVersion | null;
	/** Of the first session: that of all. Throws LOAD_FAILED for one that may not serve. */
	readonly resolve: (session: Session) => ModelConfig;
}

export interface OpenedSessions {
	readonly instances: readonly LoadedInstance[];
	readonly config: ModelConfig;
}

export class DeviceSessions {
	readonly #options: Pick<ModelLoaderOptions, "devices" | "onDevice" | "open">;

	constructor(
		options: Pick<ModelLoaderOptions, "devices" | "onDevice" | "open">,
	) {
		this.#options = options;
	}

	/** Throws LOAD_FAILED, and leaves no session open then. */
	async open(
		plan: LoadPlan,
		{ name, successorOf, resolve }: OpenSessionsOptions,
	): Promise<OpenedSessions> {
		const { preflight, phase } = plan;
		const instances: LoadedInstance[] = [];
		let config: ModelConfig | null = null;
		try {
			const choices = chooseDevices(
				preflight.instanceGroups,
				this.#options.devices,
			);
			for (const choice of choices) {
				const { device } = choice;
				const isTried = isOpen(statedOn(choice, preflight));
				const known = isTried
					? layoutsOfOld(successorOf, choice, preflight)
					: [];
				const [layout = firstLayoutOn(choice, preflight), ...others] = known;
				const session = await this.#loadOn(device, plan, layout);
				const first = { device, session, ...layout };
				instances.push(first);
				if (config === null) {
					phase("validating");
					config = resolve(session);
					// Layouts are tried by runs.
					phase("warming");
				}
				for (const other of others)
					instances.push({
						device,
						session: await this.#loadOn(device, plan, other),
						...other,
					});
				if (!isTried || known.length > 0) continue;
				const keepsBoth = choices.length === 1 && config.maxBatchSize > 1;
				const fitted = await this.#fit(first, config, plan, keepsBoth);
				instances.splice(-1, 1, ...fitted);
			}
			if (config === null)
				throw new SaccadeError(
					"LOAD_FAILED",
					`no device of this server is of the kind that the instance groups of model '${name}' ask for`,
				);
			return { instances, config };
		} catch (error) {
			for (const { session } of instances) session.close();
			throw error;
		}
	}

	async #loadOn(
		{ device }: LogicalDevice,
		{ runtime, files, preflight, phase }: LoadPlan,
		{ threadCount }: Layout,
	): Promise<Session> {
		const { onDevice, open = openAsItIs } = this.#options;
		const load: LoadOptions = {
			...(threadCount > 0 && { intraOpThreadCount: threadCount }),
			...(device.cores !== undefined && { cores: device.cores }),
			...(device.cudaIndex === null
				? preflight.load
				: loadOnGpu(preflight.load, device.cudaIndex)),
		};
		const session = await open({
			runtime,
			files,
			options: load,
			settings: preflight.saccade,
			phase,
		});
		try {
			return onDevice?.(session, device, files.bytes) ?? session;
		} catch (error) {
			session.close();
			throw error;
		}
	}

	/**
	 * The layout that trying on the device's cores shows to be best, where nothing is stated; and, if that is one lane
	 * and `keepsBoth`, the lanes side by side that it was compared with.
	 */
	async #fit(
		first: LoadedInstance,
		config: ModelConfig,
		plan: LoadPlan,
		keepsBoth: boolean,
	): Promise<LoadedInstance[]> {
		const { device, session } = first;
		const { kind, threadCount } = device.device;
		if (kind !== "cpu" || !plan.preflight.isBatched) return [first];
		const best = await tryLayout(session, config, threadCount, first);
		if (best.threadCount === first.threadCount) return [{ ...first, ...best }];
		if (!keepsBoth) session.close();
		const one = {
			device,
			session: await this.#loadOn(device, plan, best),
			...best,
		};
		return keepsBoth
			? [one, { ...first, ...filling(threadCount, first.threadCount) }]
			: [one];
	}
}

const openAsItIs: OpenModel = ({ runtime, files: { path }, options }) =>
	runtime.load({ kind: "file", path }, options);

function statedOn({ laneCount }: DeviceChoice, { layout, saccade }: Preflight) {
	return {
		laneCount: saccade.lanes || laneCount,
		threadCount: layout.threadCount,
	};
}

/** Empty: there are none, or they were made for runs of another kind. */
function layoutsOfOld(
	old: ModelVersion | null,
	{ device }: DeviceChoice,
	{ isBatched }: Preflight,
): readonly Layout[] {
	const wasBatched = old?.config.dynamicBatching != null;
	return wasBatched === isBatched ? (old?.layoutsOn(device) ?? []) : [];
}

/** An accelerator runs one batch after another, and takes no threads of ours. */
function firstLayoutOn(choice: DeviceChoice, preflight: Preflight): Layout {
	const { kind, threadCount } = choice.device.device;
	const stated = statedOn(choice, preflight);
	if (kind === "cpu")
		return firstLayout(threadCount, stated, preflight.isBatched);
	return {
		threadCount: stated.threadCount || threadCount,
		laneCount: stated.laneCount || 1,
	};
}
