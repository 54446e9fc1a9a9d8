// Which models there are, when they are loaded, and what they may take.
import { boolean, oneOf, type Reader, text } from "../../common/readers.ts";
import { memoryBudget } from "../memory-budget.ts";
import { count, list, option, positive } from "./option.ts";

/** Part of a file's name, and no path. */
const configName: Reader<string> = (value) => {
	const read = text(value);
	if (!read.ok || /^[\w-][\w.-]{0,99}$|^$/.test(read.value)) return read;
	return {
		ok: false,
		problem: "letters, digits, '.', '_' and '-' are needed, at most 100",
	};
};

export const MODEL_OPTIONS = {
	modelRepositories: option({
		flag: "model-repository",
		read: list,
		default: [],
		unit: "directory, repeatable",
		meaning: "Model repositories in Triton's layout.",
		reason: "No default: a server without models is a mistake.",
	}),
	pipelineDirectories: option({
		flag: "pipelines",
		read: list,
		default: [],
		unit: "directory, repeatable",
		meaning:
			"Directories whose `*.yaml` files have `pipelines:` and `steps:`, beside those of the configuration file (docs/pipelines.md).",
		reason: "No default: models can be served without pipelines.",
	}),
	modelControlMode: option({
		flag: "model-control-mode",
		read: oneOf("none", "poll", "explicit", "watch"),
		default: "none",
		unit: "none | poll | explicit | watch",
		meaning:
			"none: everything is loaded at start. explicit: only --load-model, and the API loads and unloads. watch: everything, and whatever changes on disk, as soon as it is still (docs/hot-swap.md). poll: the same, by looking every --repository-poll-secs.",
		reason: "Triton's default.",
	}),
	repositoryPollS: option({
		flag: "repository-poll-secs",
		read: count,
		default: 15,
		unit: "s; 0: never",
		meaning:
			"Between two looks at the model repositories, in control modes poll and watch.",
		reason:
			"Triton's default. In mode watch it is for file systems that tell of no changes, such as NFS.",
	}),
	repositorySettleMs: option({
		flag: "repository-settle-ms",
		read: count,
		default: 500,
		unit: "ms",
		meaning:
			"Time without a change in a model's files before they are read, in control modes poll and watch.",
		reason:
			"Longer than copying tools pause between two writes. Raise it for slow network mounts, or rename finished files into place.",
	}),
	modelLoadCount: option({
		flag: "model-load-thread-count",
		read: positive,
		default: 1,
		strictDefault: 4,
		unit: "models",
		meaning: "Models that load at once.",
		reason:
			"A load takes memory and cores that serving models need. Triton has 4.",
	}),
	loadModels: option({
		flag: "load-model",
		read: list,
		default: [],
		unit: "name, repeatable; * = all",
		meaning: "Models to load at start in control mode explicit.",
		reason: "Triton's default.",
	}),
	loadOnDemand: option({
		flag: "load-on-demand",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning:
			"Models load at the first request for them in place of at start; until then they answer 503 with Retry-After. What --load-model names loads at start.",
		reason: "Off: a model that is served should be ready.",
	}),
	modelMemoryBudget: option({
		flag: "model-memory-budget",
		read: memoryBudget,
		default: [],
		unit: "bytes, or device=bytes; repeatable, or with commas; 0: unlimited",
		meaning:
			"Memory of loaded models on each device, or on the one that is named, e.g. `8000000000,cpu=2000000000`. With --load-on-demand models that nobody uses make room, the one that was used longest ago first; else what does not fit is not loaded (docs/model-repository.md).",
		reason: "Unlimited: only an operator knows what else needs the memory.",
	}),
	modelConfigName: option({
		flag: "model-config-name",
		read: configName,
		default: "",
		unit: "name",
		meaning:
			"Models that have `configs/NAME.pbtxt` are configured by it in place of `config.pbtxt`.",
		reason:
			"Triton's. One repository for machines that differ, e.g. with and without a GPU.",
	}),
	modelNamespacing: option({
		flag: "model-namespacing",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning:
			"Models are called `<repository>::<model>`, after the last part of the repository's path, so that several repositories may have models of one name. The short name works while it is that of one model.",
		reason:
			"Triton's, where only ensembles can name what is ambiguous; here every client can.",
	}),
	exitOnError: option({
		flag: "exit-on-error",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning: "End the process when a model cannot be loaded at start.",
		reason:
			"Triton's default: a half-served repository should be seen at once.",
	}),
	strictReadiness: option({
		flag: "strict-readiness",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning: "Ready only while every model that should serve does.",
		reason: "Triton's default.",
	}),
	disableAutoComplete: option({
		flag: "disable-auto-complete-config",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning: "Do not complete configurations from the model file.",
		reason: "Completion makes config.pbtxt optional.",
	}),
	defaultMaxBatchSize: option({
		flag: "default-max-batch-size",
		read: count,
		default: 4,
		unit: "rows",
		meaning:
			"Largest batch of models without configuration whose first dimension is dynamic.",
		reason: "Triton's default for ONNX models.",
	}),
} as const;
