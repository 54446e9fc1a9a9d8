// Pipelines that come with the server, in the form that a configuration has them in. Each is made ready when the models
// that it runs are there.
import type { PipelineDefinition } from "../graph/definition.ts";
import { readDefinitions } from "../graph/read-definition.ts";
import { DRIVE } from "./drive.ts";
import { LIDAR } from "./lidar.ts";

export function bundledPipelines(): readonly PipelineDefinition[] {
	const problems: string[] = [];
	const definitions = readDefinitions(
		{ lidar: LIDAR, drive: DRIVE },
		"bundled",
		problems,
	);
	if (problems.length > 0) throw new Error(problems.join("\n"));
	return definitions;
}
