// Every option of the server, once: its flag, unit, default, why that default, and what it means. Flags, the
// environment, the file and `docs/config.md` all come from this table, in its order.
import type { ReadBy } from "../common/readers.ts";
import type { PipelineDefinition } from "../pipelines/graph/definition.ts";
import type { OtlpSettings } from "../telemetry/otlp/otlp-settings.ts";
import type { DeviceSpec } from "./devices.ts";
import { MODEL_OPTIONS } from "./options/models.ts";
import { NETWORK_OPTIONS } from "./options/network.ts";
import { OBSERVABILITY_OPTIONS } from "./options/observability.ts";
import { PROCESS_OPTIONS } from "./options/process.ts";
import { SERVER_OPTIONS } from "./options/server.ts";
import { STORAGE_OPTIONS } from "./options/storage.ts";
import { TRUST_OPTIONS } from "./options/trust.ts";

export const OPTIONS = {
	...MODEL_OPTIONS,
	...SERVER_OPTIONS,
	...NETWORK_OPTIONS,
	...OBSERVABILITY_OPTIONS,
	...STORAGE_OPTIONS,
	...TRUST_OPTIONS,
	...PROCESS_OPTIONS,
} as const;

export type OptionName = keyof typeof OPTIONS;

/** The server's options, complete and frozen. */
export type ServerOptions = {
	readonly [Name in OptionName]: ReadBy<(typeof OPTIONS)[Name]["read"]>;
} & {
	/** `devices:` of the file. */
	readonly devices: readonly DeviceSpec[];
	/** `pipelines:` of the file and of `--pipelines`. */
	readonly pipelines: readonly PipelineDefinition[];
	/** `steps:`, absolute. */
	readonly stepFiles: readonly string[];
	/** Where telemetry is sent; null: nowhere. */
	readonly otlp: OtlpSettings | null;
	/** The variables that say which GPUs may be used, as they are. */
	readonly gpuVariables: {
		readonly nvidia: string | undefined;
		readonly cuda: string | undefined;
	};
};
