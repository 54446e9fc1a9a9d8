// Picks where the work is done, and loads only what that needs.
import { UsageError } from "../usage-error.ts";
import type { Target, TargetOptions } from "./target.ts";

const DEFAULT_URL = "127.0.0.1:8000";

/**
 * Opens, hands to `use`, closes.
 * @param models loaded at once when it runs in this process
 */
export async function withTarget<T>(
	options: TargetOptions,
	models: readonly string[],
	use: (target: Target) => Promise<T>,
): Promise<T> {
	const target = await openTarget(options, models);
	try {
		return await use(target);
	} finally {
		await target.close();
	}
}

async function openTarget(
	options: TargetOptions,
	models: readonly string[],
): Promise<Target> {
	const { modelRepository, url } = options;
	if (modelRepository !== undefined && url !== undefined)
		throw new UsageError(
			"--model-repository runs in this process and --url on a server: give one of them",
		);
	if (modelRepository !== undefined) {
		const { openLocalTarget } = await import("./local-target.ts");
		return openLocalTarget(modelRepository, models);
	}
	const { RemoteTarget } = await import("./remote-target.ts");
	return new RemoteTarget(url ?? DEFAULT_URL);
}
