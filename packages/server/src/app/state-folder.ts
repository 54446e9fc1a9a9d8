// Where the server keeps what outlives it: --state-dir, or the user's state folder.
// https://specifications.freedesktop.org/basedir-spec/latest/
import { join } from "node:path";

export function auditFile(stateDir: string): string {
	return join(stateDir, "audit.db");
}

/** Copies of the versions that are being loaded, of files that were checked. */
export function verifiedFolder(stateDir: string): string {
	return join(stateDir, "verified");
}

export function recordingsFolder(stateDir: string): string {
	return join(stateDir, "recordings");
}

export function preparedFolder(options: {
	readonly stateDir: string;
	readonly preparedDir: string;
}): string {
	return options.preparedDir || join(options.stateDir, "prepared");
}
