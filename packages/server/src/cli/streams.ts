// `saccade streams`: the pipelines that streams can ask for, of a configuration or of a running server.
import { createServer } from "../app/server.ts";
import { resolveOptions } from "../config/resolve.ts";
import type { PipelineExplanation } from "../pipelines/graph/explain.ts";
import { createLogger } from "../telemetry/logger.ts";
import { readConfigFile } from "./config-file.ts";
import { formatTable } from "./table.ts";
import { UsageError } from "./usage-error.ts";

export interface StreamsFlags {
	readonly url?: string;
	readonly config?: string;
	readonly pipelines?: readonly string[];
	readonly modelRepository?: readonly string[];
	readonly json?: boolean;
}

/** @param pipeline empty: all of them, in short */
export async function streams(
	pipeline: string,
	flags: StreamsFlags,
): Promise<void> {
	const isLocal = flags.config !== undefined || flags.pipelines !== undefined;
	if (isLocal === (flags.url !== undefined))
		throw new UsageError(
			"name a running server (--url HOST:PORT), or a configuration (--config FILE, --pipelines DIR, with --model-repository DIR)",
		);
	const all = isLocal ? await ofConfiguration(flags) : await ofServer(flags);
	const shown = all.filter(({ name }) => pipeline === "" || name === pipeline);
	if (pipeline !== "" && shown.length === 0)
		throw new UsageError(
			`there is no pipeline '${pipeline}'; there are ${all.map(({ name }) => name).join(", ") || "none"}`,
		);
	if (flags.json === true) console.log(JSON.stringify(shown, null, 2));
	else console.log(pipeline === "" ? list(shown) : explain(shown[0]!));
}

/** Loads models and steps as a server would, without a port. */
async function ofConfiguration(
	flags: StreamsFlags,
): Promise<readonly PipelineExplanation[]> {
	const resolved = resolveOptions({
		args: [
			...(flags.pipelines ?? []).map((path) => `--pipelines=${path}`),
			...(flags.modelRepository ?? []).map(
				(path) => `--model-repository=${path}`,
			),
			...["--allow-http=false", "--allow-grpc=false", "--allow-metrics=false"],
			"--audit=false",
			"--prepared-models=off",
		],
		env: {},
		fileText: flags.config === undefined ? null : readConfigFile(flags.config),
		fileName: flags.config ?? "",
	});
	if (!resolved.ok) throw new UsageError(resolved.problems.join("\n"));
	const server = createServer(resolved.options, { log: createLogger("warn") });
	try {
		await server.listen();
		return server.services.pipelines.explain();
	} finally {
		await server.close();
	}
}

async function ofServer({
	url = "",
}: StreamsFlags): Promise<readonly PipelineExplanation[]> {
	const response = await fetch(`http://${url}/saccade/v1/pipelines`);
	if (!response.ok)
		throw new Error(
			`${url} answers ${response.status}: ${await response.text()}`,
		);
	const { pipelines } = (await response.json()) as {
		readonly pipelines: readonly PipelineExplanation[];
	};
	return pipelines;
}

function list(pipelines: readonly PipelineExplanation[]): string {
	const rows = pipelines.map(({ name, sensors, stages, summary, problems }) => [
		name,
		sensors.map((one) => one.name).join(", "),
		String(stages.length),
		problems.length === 0 ? summary : (problems[0] ?? ""),
	]);
	return formatTable([["pipeline", "sensors", "stages", ""], ...rows]);
}

function explain(pipeline: PipelineExplanation): string {
	const { name, summary, sensors, stages, decision, outputs, problems } =
		pipeline;
	const us = (value: number | null | undefined) =>
		value === null || value === undefined ? "-" : value.toFixed(1);
	const rows = stages.map((stage) => [
		stage.name,
		stage.does,
		stage.runs,
		us(stage.sampleUs),
		us(stage.lately?.p50Us),
		us(stage.lately?.p99Us),
		stage.inputs
			.filter(({ from }) => from !== "")
			.map(({ type, from }) => `${from} (${type})`)
			.join(", "),
		stage.outputs.map((one) => `${one.name} ${one.type}`).join(", "),
	]);
	const heading = ["stage", "does", "runs", "sample µs", "p50", "p99"];
	return [
		`${name}${summary === "" ? "" : `: ${summary}`}`,
		`sensors: ${sensors.map((one) => `${one.name} (${one.payload})`).join(", ")}`,
		formatTable([[...heading, "takes", "gives"], ...rows]),
		`decision: ${decision ?? "none"}; outputs: ${
			Object.entries(outputs)
				.map(([key, ref]) => `${key} = ${ref}`)
				.join(", ") || "none"
		}`,
		...problems,
	].join("\n\n");
}
