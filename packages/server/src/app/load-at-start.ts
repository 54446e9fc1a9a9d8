import type { ServerOptions } from "../config/options.ts";
import { toSaccadeError } from "../errors/saccade-error.ts";
import type { DiskRepositoryService } from "../service/repository-service.ts";

/**
 * Control mode `explicit`: what was asked for. The others: everything, unless it loads on demand.
 * Throws the first failure with --exit-on-error; else log, metrics, index and history tell of it.
 */
export async function loadAtStart(
	options: ServerOptions,
	repository: DiskRepositoryService,
): Promise<void> {
	const { modelControlMode, loadModels, exitOnError, loadOnDemand } = options;
	const onDisk = await repository.refresh();
	const all =
		(modelControlMode !== "explicit" && !loadOnDemand) ||
		loadModels.includes("*");
	for (const name of all ? onDisk : loadModels) {
		try {
			await repository.loadFromDisk(name);
		} catch (error) {
			if (exitOnError) throw toSaccadeError(error);
		}
	}
}
