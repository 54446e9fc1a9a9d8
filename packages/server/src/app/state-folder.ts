// Where the server keeps what outlives it: --state-dir, or the user's state folder.
// https://specifications.freedesktop.org/basedir-spec/latest/
import { join } from "node:path";

export function recordingsFolder(stateDir: string): string {
	return join(stateDir, "recordings");
}
