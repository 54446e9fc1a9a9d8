// Control modes poll and watch: what changes in the model repositories is loaded, what is gone is unloaded.
import type { Clock } from "../common/clock.ts";
import type { ServerOptions } from "../config/options.ts";
import type { Naming } from "../repository/naming.ts";
import type { Inspector } from "../repository/watch/inspector.ts";
import { RepositoryWatch } from "../repository/watch/repository-watch.ts";
import type { DiskRepositoryService } from "../service/repository-service.ts";
import type { Logger } from "../telemetry/logger.ts";

export function followsDisk({
	modelControlMode,
}: Pick<ServerOptions, "modelControlMode">): boolean {
	return modelControlMode === "poll" || modelControlMode === "watch";
}

/** Begins with what was loaded at the start. */
export async function watchModels(
	options: ServerOptions,
	{
		repository,
		naming,
		inspector,
		clock,
		log,
	}: {
		readonly naming: Naming;
		readonly repository: DiskRepositoryService;
		readonly inspector: Inspector;
		readonly clock: Clock;
		readonly log: Logger;
	},
): Promise<RepositoryWatch> {
	const cause = options.modelControlMode === "watch" ? "watch" : "poll";
	// Who failed has told why: log, metrics, index and history know.
	const told = () => {};
	const watch = new RepositoryWatch({
		repositories: options.modelRepositories,
		nameOf: (place) => naming.nameOf(place),
		useEvents: cause === "watch",
		pollUs: options.repositoryPollS * 1e6,
		settleUs: options.repositorySettleMs * 1000,
		clock,
		inspector,
		readSignature: (model) => repository.readSignature(model),
		changed: (model, signature) =>
			void repository.reload(model, signature, cause).catch(told),
		removed: (model) => void repository.remove(model, cause).catch(told),
		warn: (text) => log.warn({}, text),
	});
	await watch.start();
	return watch;
}
