// Which version answers, and what Triton says where none does.
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { ModelVersion } from "../model-version.ts";
import type { ModelSlot } from "./model-slot.ts";

/**
 * The version that is asked for, or the highest when `version` is empty.
 * Throws NOT_FOUND, UNAVAILABLE, or INVALID_ARGUMENT for what is no version.
 */
export function resolveVersion(
	slot: ModelSlot,
	name: string,
	version: string,
): ModelVersion {
	const { serving } = slot;
	const model =
		version === ""
			? serving.at(-1)
			: serving.find(({ versionText }) => versionText === version);
	if (model !== undefined) return model;
	throw version === ""
		? notServing(slot, name)
		: versionNotServing(slot, name, version);
}

export function unknownModel(name: string): SaccadeError {
	return new SaccadeError(
		"NOT_FOUND",
		`Request for unknown model: '${name}' is not found`,
	);
}

function versionNotServing(
	slot: ModelSlot,
	name: string,
	version: string,
): SaccadeError {
	if (!/^\d{1,18}$/.test(version))
		return new SaccadeError(
			"INVALID_ARGUMENT",
			`failed to get model version from specified version string '${version}'`,
		);
	if (isReadingConfig(slot)) return notReady(name, version);
	const record = slot.index.find(Number(version));
	return record === null
		? new SaccadeError(
				"NOT_FOUND",
				`Request for unknown model: '${name}' version ${version} is not found`,
			)
		: notReady(name, version, record.reason);
}

function notServing(slot: ModelSlot, name: string): SaccadeError {
	const { wanted } = slot.index;
	if (wanted !== null)
		return notReady(name, String(wanted.version), wanted.reason);
	if (isReadingConfig(slot)) return notReady(name, "");
	return new SaccadeError(
		"NOT_FOUND",
		`Request for unknown model: '${name}' has no available versions`,
	);
}

/** A load has begun that does not know its versions yet: until then nobody can say that there is none. */
function isReadingConfig({ isLoading, serving, index }: ModelSlot): boolean {
	return isLoading && serving.length === 0 && index.isAllUnloaded;
}

/** @param version empty: none is known yet */
function notReady(name: string, version: string, reason = ""): SaccadeError {
	const what = version === "" ? `'${name}'` : `'${name}' version ${version}`;
	const why = reason === "" ? "" : `: ${reason}`;
	return new SaccadeError(
		"UNAVAILABLE",
		`Request for unknown model: ${what} is not at ready state${why}`,
	);
}
