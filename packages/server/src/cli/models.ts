// `saccade models`: what a repository holds or a running server serves.
import { toJson } from "@bufbuild/protobuf";
import { ModelConfigSchema } from "@saccade/protocol/gen/inference/model_config_pb.js";
import { ignoredFields } from "../repository/ignored-fields.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import { withTarget } from "./infer/open-target.ts";
import type { IndexRow, Target, TargetOptions } from "./infer/target.ts";
import { formatTable } from "./table.ts";
import { UsageError } from "./usage-error.ts";

export type ModelsAction = "list" | "show" | "explain" | "load" | "unload";

export interface ModelsFlags extends TargetOptions {
	readonly json?: boolean;
}

/** What to print: for programs, and for people. */
interface Printed {
	readonly json: unknown;
	readonly text: string;
}

export async function models(
	action: ModelsAction,
	model: string,
	flags: ModelsFlags,
): Promise<void> {
	const changes = action === "load" || action === "unload";
	if (changes && flags.url === undefined)
		throw new UsageError(
			`${action} acts on a running server: name it with --url HOST:PORT`,
		);
	const loaded = action === "list" ? [] : [model];
	const printed = await withTarget(flags, loaded, (target) =>
		run(action, model, target),
	);
	console.log(
		flags.json === true ? JSON.stringify(printed.json, null, 2) : printed.text,
	);
}

function run(
	action: ModelsAction,
	model: string,
	target: Target,
): Promise<Printed> {
	switch (action) {
		case "list":
			return list(target);
		case "show":
			return show(target, model);
		case "explain":
			return explain(target, model);
		case "load":
			return change(model, "loaded", () => target.load(model));
		case "unload":
			return change(model, "unloaded", () => target.unload(model));
	}
}

async function list(target: Target): Promise<Printed> {
	const rows = await target.index();
	const cells = rows.map(({ name, version, state, reason }: IndexRow) => [
		name,
		version,
		state || "not loaded",
		reason.trim(),
	]);
	const heading = ["model", "version", "state", "reason"];
	return { json: rows, text: formatTable([heading, ...cells]) };
}

async function show(target: Target, model: string): Promise<Printed> {
	const { config, ...facts } = await target.describe(model, "");
	const tensors = (kind: string, specs: readonly TensorSpec[]) =>
		specs.map(({ name, dtype, shape }) => [kind, name, dtype, `[${shape}]`]);
	const text = [
		`${facts.name}, versions ${facts.versions.join(", ")}, ${facts.platform}, max_batch_size ${config.maxBatchSize}`,
		formatTable([
			["", "name", "type", "shape"],
			...tensors("input", facts.inputs),
			...tensors("output", facts.outputs),
		]),
	].join("\n\n");
	const json = { ...facts, maxBatchSize: config.maxBatchSize };
	return { json, text };
}

async function explain(target: Target, model: string): Promise<Printed> {
	const { config } = await target.describe(model, "");
	const complete = toJson(ModelConfigSchema, config, {
		useProtoFieldName: true,
	});
	const withoutEffect = ignoredFields(config);
	const note =
		withoutEffect.length === 0
			? "Every field has its effect."
			: `No effect in this version: ${withoutEffect.join(", ")}`;
	return {
		json: { config: complete, withoutEffect },
		text: `${JSON.stringify(complete, null, 2)}\n\n${note}`,
	};
}

async function change(
	model: string,
	state: string,
	act: () => Promise<void>,
): Promise<Printed> {
	await act();
	return { json: { model, state }, text: `${model} is ${state}` };
}
