// The models of the workloads: where their files are, and a repository of one of them as a user would lay it out.
import { execFileSync } from "node:child_process";
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Workload } from "./workloads.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const shared = join(root, "..", "shared");
const cache = join(root, ".cache", "models");

export function modelFile({ external, model }: Workload): string {
	if (external !== undefined) return join(shared, external);
	const file = join(model.name, "1", "model.onnx");
	const own = join(root, "models", "repository", file);
	return existsSync(own) ? own : join(cache, file);
}

/** False, and said so, where a model from outside the project is not here. */
export function hasModel(workload: Workload): boolean {
	if (workload.external === undefined || existsSync(modelFile(workload)))
		return true;
	console.log(`${workload.id}: left out, ${workload.external} is not here`);
	return false;
}

/** Makes those of the project that are not made yet. */
export function makeMissingModels(workloads: readonly Workload[]): void {
	const missing = workloads.filter(
		(workload) =>
			workload.external === undefined && !existsSync(modelFile(workload)),
	);
	if (missing.length === 0) return;
	const names = [...new Set(missing.map(({ model }) => model.name))].join(",");
	const script = join(root, "scripts/fixtures/make-models.ts");
	execFileSync(
		process.execPath,
		["-C", "source", script, "--out", cache, "--only", names],
		{ stdio: "inherit" },
	);
}

/** `max_batch_size` of the model's configuration; 0 where it has none. */
export function modelMaxBatch(workload: Workload): number {
	const size = /^max_batch_size: *(\d+)/m.exec(configOf(workload));
	return Number(size?.[1] ?? 0);
}

/** A new folder, which the caller removes. */
export function makeRepository(
	workload: Workload,
	{ batching }: { readonly batching: boolean },
): string {
	const repository = mkdtempSync(join(tmpdir(), "saccade-bench-"));
	const home = join(repository, workload.model.name);
	mkdirSync(join(home, "1"), { recursive: true });
	copyFileSync(modelFile(workload), join(home, "1", "model.onnx"));
	const config = configOf(workload);
	if (config !== "")
		writeFileSync(
			join(home, "config.pbtxt"),
			batching ? config : withoutBatching(config),
		);
	return repository;
}

/** The same model, each request in a run of its own. */
export function withoutBatching(config: string): string {
	const alone = config.replace(/^dynamic_batching \{[^{}]*\}\n/m, "");
	if (alone === config) throw new Error(`no dynamic_batching in\n${config}`);
	return alone;
}

function configOf(workload: Workload): string {
	return readConfig(
		join(dirname(dirname(modelFile(workload))), "config.pbtxt"),
	);
}

/** The text of a `config.pbtxt`; empty where there is none. */
export function readConfig(file: string): string {
	return existsSync(file) ? readFileSync(file, "utf8") : "";
}
