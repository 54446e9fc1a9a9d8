// Real models and sensor data that lie beside the repository and are never committed. A test that needs them
// skips loudly where they are absent, and fails where SACCADE_REQUIRE_SHARED=1.
import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..", "shared");

export function sharedPath(relative: string): string {
	return join(root, relative);
}

/**
 * For the `skip` option of `node:test`: false when every file is there, else the reason.
 * @throws Error when one is absent and SACCADE_REQUIRE_SHARED=1.
 */
export function skipWithoutShared(
	...relatives: readonly string[]
): string | false {
	const absent = relatives.filter((name) => !existsSync(sharedPath(name)));
	if (absent.length === 0) return false;
	const reason = `real data is absent: ${absent.map(sharedPath).join(", ")}`;
	if (process.env["SACCADE_REQUIRE_SHARED"] === "1")
		throw new Error(`SACCADE_REQUIRE_SHARED=1, but ${reason}`);
	process.stderr.write(`SKIPPED: ${reason}\n`);
	return reason;
}
