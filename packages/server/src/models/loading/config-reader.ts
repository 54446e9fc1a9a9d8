// The configuration of a model and of each of its versions, from their files or from who asked for the load.
import {
	parseConfigJson,
	parseConfigText,
} from "../../repository/config-text.ts";
import type { ModelConfig } from "../../repository/model-config.ts";
import type { ModelDirectory } from "../../repository/model-directory.ts";
import { overlayConfig } from "../../repository/overlay-config.ts";
import { emptyConfig, resolveConfig } from "../../repository/resolve-config.ts";
import type { Session } from "../../runtime/runtime.ts";
import type { LoadRequest, ModelLoaderOptions } from "./load-request.ts";

export type ConfigMessage = ReturnType<typeof emptyConfig>;

type ConfigReaderOptions = Pick<
	ModelLoaderOptions,
	"autoComplete" | "defaultMaxBatchSize" | "warn"
>;

export class ConfigReader {
	readonly #options: ConfigReaderOptions;

	constructor(options: ConfigReaderOptions) {
		this.#options = options;
	}

	/** Of the model. */
	modelMessage(
		directory: ModelDirectory,
		overrideJson: string | null,
	): ConfigMessage {
		const message = this.#readMessage(directory, overrideJson);
		if (message.name === directory.ownName) message.name = directory.name;
		return message;
	}

	/** The model's, and what the version has otherwise. */
	versionMessage(
		{ directory, overrideJson = null }: LoadRequest,
		message: ConfigMessage,
		version: number,
	): ConfigMessage {
		const text = directory.versionConfigs.get(version);
		if (text === undefined || overrideJson !== null) return message;
		const origin = `the configuration of model '${directory.name}' version ${version}`;
		const own = this.#parse(text, origin);
		if (own.name === directory.ownName) own.name = directory.name;
		return overlayConfig(message, own, origin);
	}

	#parse(text: string, origin: string) {
		const { message, unknownFields } = parseConfigText(text, origin);
		if (unknownFields.length > 0)
			this.#options.warn(
				`${origin} has fields that are not known: ${unknownFields.join(", ")}`,
			);
		return message;
	}

	/** With what the model's own signature says. */
	resolve(message: ConfigMessage, session: Session, name: string): ModelConfig {
		const { autoComplete, defaultMaxBatchSize, warn } = this.#options;
		const config = resolveConfig(message, session, {
			name,
			autoComplete,
			defaultMaxBatchSize,
			defaultInstanceCount: 1,
		});
		if (config.ignoredFields.length > 0)
			warn(
				`model '${name}': no effect in this version: ${config.ignoredFields.join(", ")}`,
			);
		return config;
	}

	#readMessage(
		{ name, configText }: ModelDirectory,
		overrideJson: string | null,
	): ConfigMessage {
		const origin = `the configuration of model '${name}'`;
		if (overrideJson !== null) return parseConfigJson(overrideJson, origin);
		if (configText === null) return emptyConfig();
		return this.#parse(configText, origin);
	}
}
