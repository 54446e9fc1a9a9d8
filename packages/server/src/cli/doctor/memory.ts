import { readdir, stat } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";

/** What this process may use, by cgroup where it says so; 0 from Node means no limit. */
export function memoryLimitBytes(): number {
	const limit = process.constrainedMemory();
	const total = os.totalmem();
	return limit > 0 && limit < total ? limit : total;
}

/** Of all files below the repositories; what cannot be read counts as nothing, and another check tells it. */
export async function modelFileBytes(
	repositories: readonly string[],
): Promise<number> {
	let bytes = 0;
	for (const repository of repositories) {
		const entries = await readdir(repository, {
			recursive: true,
			withFileTypes: true,
		}).catch(() => []);
		for (const entry of entries) {
			if (!entry.isFile()) continue;
			const facts = await stat(join(entry.parentPath, entry.name)).catch(
				() => null,
			);
			bytes += facts?.size ?? 0;
		}
	}
	return bytes;
}
