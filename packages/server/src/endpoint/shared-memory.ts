// Tensors that shall travel through shared memory. This version offers none, and answers as Triton does without
// `--allow-client-shm`: nothing can be registered, so no region that a request names is found.
import { PARAMETER } from "@saccade/protocol";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { Parameters } from "./endpoint.ts";

export function sharedMemoryDisabled(): SaccadeError {
	return new SaccadeError(
		"UNSUPPORTED",
		"Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable. (This version does not offer it: send tensors inline.)",
	);
}

export function unknownRegion(name: string): SaccadeError {
	return new SaccadeError(
		"NOT_FOUND",
		`Unable to find shared memory region: '${name}'`,
	);
}

/** Throws NOT_FOUND for a tensor that names a region. */
export function assertInline(parameters: Parameters | null): void {
	const region = parameters?.get(PARAMETER.sharedMemoryRegion);
	if (region !== undefined) throw unknownRegion(String(region));
}

/** The same for an output; INVALID_ARGUMENT where it asks for what a region cannot take. */
export function assertOutputInline(parameters: Parameters | null): void {
	if (parameters === null || !parameters.has(PARAMETER.sharedMemoryRegion))
		return;
	for (const [name, isSet] of [
		[PARAMETER.classification, parameters.has(PARAMETER.classification)],
		[PARAMETER.binaryData, parameters.get(PARAMETER.binaryData) === true],
	] as const)
		if (isSet)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`Output can't set both 'shared_memory_region' and '${name}'`,
			);
	assertInline(parameters);
}
