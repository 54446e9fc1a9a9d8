// What the loader is asked for, what it is given to do it with, and what comes of it.
import type { Clock } from "../../common/clock.ts";
import type { Device } from "../../devices/device.ts";
import type { DeviceManager } from "../../devices/device-manager.ts";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import type {
	ModelConfig,
	SaccadeSettings,
} from "../../repository/model-config.ts";
import type { ModelDirectory } from "../../repository/model-directory.ts";
import type { LoadOptions, Runtime, Session } from "../../runtime/runtime.ts";
import type { DeviceArbiter } from "../../scheduling/placement/device-arbiter.ts";
import type { ModelMemory } from "../budget/model-memory.ts";
import type { ModelVersion } from "../model-version.ts";
import type { SwapPhase } from "../swap-events.ts";
import type { SchedulingPolicyName } from "../version/version-scheduler.ts";

export interface ModelLoaderOptions {
	/** By the name that a configuration calls its backend. */
	readonly runtimes: ReadonlyMap<string, Runtime>;
	readonly clock: Clock;
	readonly autoComplete: boolean;
	readonly defaultMaxBatchSize: number;
	readonly devices: DeviceManager;
	/** A session as it behaves on the device, e.g. with its latency. @default as it is */
	readonly onDevice?: (
		session: Session,
		device: Device,
		modelBytes: number,
	) => Session;
	/** Divides the cores among the models that want them at once. @default the operating system does */
	readonly arbiter?: DeviceArbiter;
	readonly policy: SchedulingPolicyName;
	readonly warn: (text: string) => void;
	/** Makes a session of a version's file. @default the backend loads the file as it is */
	readonly open?: OpenModel;
	/**
	 * Asked before a file of a version is opened: who rejects keeps it from loading. What is opened and read from then
	 * on is what is returned, so that nobody can put another file in the place of one that was checked.
	 * @default the files as they are
	 */
	readonly admit?: (files: VersionFiles) => Promise<AdmittedFiles>;
	/** Has room for what is loaded, or says that there is none. @default there is */
	readonly memory?: ModelMemory;
	/** Resident memory of the process, in bytes: its growth is what a model takes on the CPU. */
	readonly residentBytes?: () => number;
}

/** A version as it lies on disk. */
export interface VersionFiles {
	/** As its directory is called. */
	readonly model: string;
	readonly version: number;
	/** Of the model. */
	readonly directory: string;
	/** The file that the backend opens. */
	readonly path: string;
	readonly bytes: number;
	/** Of the files that configure it; empty: there are none, or a client's own configuration stands in their place. */
	readonly configTexts: readonly string[];
	/** A client's own configuration stands in place of the file's. */
	readonly isOverridden: boolean;
}

export interface AdmittedFiles
	extends Pick<VersionFiles, "directory" | "path" | "bytes"> {
	/** Called when they are loaded, or are not to be. */
	release(): Promise<void>;
}

interface OpenRequest {
	readonly runtime: Runtime;
	readonly files: VersionFiles;
	readonly options: LoadOptions;
	/** By `parameters` of the configuration. */
	readonly settings: SaccadeSettings;
	/** Says that what follows is this phase; without it all of it is `loading`. */
	readonly phase: (phase: "preparing" | "loading") => void;
}

export type OpenModel = (request: OpenRequest) => Promise<Session>;

/** Tells which versions are about to load, as soon as that is known. */
export type LoadBegun = (versions: readonly number[]) => void;

export interface LoadRequest {
	readonly directory: ModelDirectory;
	/** Replaces `config.pbtxt`. @default null: nothing does */
	readonly overrideJson?: string | null;
	readonly begun?: LoadBegun;
	/** In service already, and not loaded again. @default none */
	readonly keep?: ReadonlyMap<number, ModelVersion>;
	/** A version begins a phase. */
	readonly phase?: (phase: SwapPhase, version: number) => void;
	/**
	 * In service: where nothing is stated, the new version takes over its lanes and threads. Trying again would take the
	 * cores from those who are served, and measure them with it.
	 */
	readonly successorOf?: ModelVersion | null;
	/** Throws LOAD_FAILED for a configuration that may not follow what is in service. */
	readonly validate?: (config: ModelConfig, version: number) => void;
}

export type LoadedVersion =
	| {
			readonly ok: true;
			readonly version: number;
			readonly model: ModelVersion;
	  }
	| {
			readonly ok: false;
			readonly version: number;
			readonly error: SaccadeError;
	  };
