// What a version needs to serve, from the options.
import { readFileSync } from "node:fs";
import type { ServerOptions } from "../config/options.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import { IntegrityGate } from "../integrity/integrity-gate.ts";
import { readReleaseKey } from "../integrity/release-key.ts";
import { verifiedFolder } from "./state-folder.ts";

/** Null: nothing. Throws INVALID_ARGUMENT for keys that are none. */
export function createIntegrityGate(
	options: ServerOptions,
): IntegrityGate | null {
	const { modelIntegrity: mode, modelIntegrityKeys, stateDir } = options;
	if (mode === "off") return null;
	if (mode === "signature" && modelIntegrityKeys.length === 0)
		throw invalid(
			"--model-integrity=signature needs --model-integrity-key FILE, the public key of who signs",
		);
	return new IntegrityGate({
		mode,
		keys: modelIntegrityKeys.map(readKey),
		folder: verifiedFolder(stateDir),
		nowMs: Date.now,
	});
}

function readKey(file: string): string {
	let pem: string;
	try {
		pem = readFileSync(file, "utf8");
	} catch (error) {
		const text = error instanceof Error ? error.message : String(error);
		throw invalid(`--model-integrity-key cannot be read: ${text}`);
	}
	const read = readReleaseKey(pem);
	if (read.ok) return pem;
	throw invalid(`--model-integrity-key ${file}: ${read.problem}`);
}

function invalid(text: string): SaccadeError {
	return new SaccadeError("INVALID_ARGUMENT", text);
}
