// Makes the manifest of a version as it lies on disk, and signs it. Waits for the disk: for commands.
import {
	readdirSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { SigningKey } from "../common/ed25519.ts";
import { hashFile } from "./hash-file.ts";
import {
	type FileFact,
	MANIFEST_FILE,
	type Manifest,
	renderManifest,
	renderSignature,
	SIGNATURE_FILE,
	signedBytes,
} from "./manifest.ts";
import { BUNDLE_FILE } from "./sigstore-bundle.ts";

export interface SignRequest {
	/** Of the model. */
	readonly directory: string;
	readonly model: string;
	readonly version: number;
	/** Null: digests alone; a signature that is there is taken away, for it would be of something else. */
	readonly key: SigningKey | null;
	/** Wall-clock time in ms since 1970; null: it does not expire. */
	readonly expiresMs: number | null;
}

const VERSION = /^\d+$/;

/** @throws what the system says */
export function signVersion(request: SignRequest): Manifest {
	const { directory, model, version, key, expiresMs } = request;
	const path = join(directory, String(version));
	const own = new Set([MANIFEST_FILE, SIGNATURE_FILE, BUNDLE_FILE]);
	const manifest: Manifest = {
		model,
		version,
		expiresMs,
		files: hashAll(path, (name) => !own.has(name)),
		shared: hashAll(directory, (name) => !VERSION.test(name)),
	};
	const text = renderManifest(manifest);
	const signature = join(path, SIGNATURE_FILE);
	// Whoever looks meanwhile finds no signature in place of a wrong one.
	for (const each of [signature, join(path, BUNDLE_FILE)])
		rmSync(each, { force: true });
	writeWhole(join(path, MANIFEST_FILE), text);
	if (key !== null)
		writeWhole(
			signature,
			renderSignature(key.id, key.sign(signedBytes(Buffer.from(text)))),
		);
	return manifest;
}

/** Hidden files are none of a model: volumes of Kubernetes keep their own beside it. */
function hashAll(
	base: string,
	isWanted: (topName: string) => boolean,
): Map<string, FileFact> {
	const facts = new Map<string, FileFact>();
	const visit = (below: string) => {
		for (const name of readdirSync(join(base, below))) {
			if (name.startsWith(".") || (below === "" && !isWanted(name))) continue;
			const path = below === "" ? name : `${below}/${name}`;
			const entry = statSync(join(base, path));
			if (entry.isDirectory()) visit(path);
			else facts.set(path, hashFile(join(base, path), null));
		}
	};
	visit("");
	return facts;
}

function writeWhole(path: string, text: string): void {
	const beside = `${path}.tmp-${process.pid}`;
	writeFileSync(beside, text);
	renameSync(beside, path);
}
