// Whether a version is what its manifest says, and the manifest what somebody trusted signed. Waits for the disk: run
// in a thread by the server, and by commands.
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { VerifyKey } from "../common/ed25519.ts";
import type { Read } from "../common/readers.ts";
import { hashFile } from "./hash-file.ts";
import {
	type FileFacts,
	MANIFEST_FILE,
	MAX_MANIFEST_BYTES,
	MAX_SIGNATURE_BYTES,
	type Manifest,
	parseManifest,
	parseSignature,
	SIGNATURE_FILE,
	signedBytes,
} from "./manifest.ts";
import { readReleaseKey } from "./release-key.ts";
import {
	BUNDLE_FILE,
	checkBundle,
	MAX_BUNDLE_BYTES,
} from "./sigstore-bundle.ts";

const MISSING = "is missing";
const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

export interface CheckRequest {
	/** The model's, with a directory for each version. */
	readonly directory: string;
	readonly model: string;
	readonly version: number;
	/** `signature`: one of `keys` has signed the manifest. `digest`: that there is one is enough. */
	readonly mode: "digest" | "signature";
	/** Public keys in PEM. */
	readonly keys: readonly string[];
	/** Wall-clock time in ms since 1970. */
	readonly nowMs: number;
	/** Of the files whose configuration is to be used. */
	readonly configTexts: readonly string[];
	/** Where the files go that were found right, in the layout of `directory`; null: nowhere. */
	readonly copyTo: string | null;
}

/** What is wrong, and what to do about it; null: nothing. */
export function checkVersion(request: CheckRequest): string | null {
	const { directory, version, mode } = request;
	const path = join(directory, String(version));
	const bytes = readSmall(join(path, MANIFEST_FILE), MAX_MANIFEST_BYTES);
	if (!bytes.ok)
		return `${MANIFEST_FILE} ${bytes.problem}; make one with: saccade models sign`;
	if (mode === "signature") {
		const problem = checkSignature(bytes.value, path, request.keys);
		if (problem !== null) return problem;
	}
	const read = parseManifest(bytes.value.toString("utf8"));
	if (!read.ok) return `${MANIFEST_FILE} cannot be used: ${read.problem}`;
	return (
		checkNames(read.value, request) ??
		checkConfig(read.value, request) ??
		checkFiles(read.value.files, path, String(version), request) ??
		checkFiles(read.value.shared, directory, "", request)
	);
}

/** Either form of signature is enough. */
function checkSignature(
	manifest: Buffer,
	path: string,
	keys: readonly string[],
): string | null {
	const trusted = keys.flatMap(toKey);
	const bundle = readSmall(join(path, BUNDLE_FILE), MAX_BUNDLE_BYTES);
	const problem = checkOwnSignature(manifest, path, trusted);
	if (problem === null || (!bundle.ok && bundle.problem === MISSING))
		return problem;
	const found = bundle.ok
		? checkBundle(bundle.value.toString("utf8"), manifest, trusted)
		: bundle.problem;
	return found === null ? null : `${BUNDLE_FILE} ${found}`;
}

function checkOwnSignature(
	manifest: Buffer,
	path: string,
	trusted: readonly VerifyKey[],
): string | null {
	const bytes = readSmall(join(path, SIGNATURE_FILE), MAX_SIGNATURE_BYTES);
	if (!bytes.ok)
		return `${SIGNATURE_FILE} ${bytes.problem}; sign the version with: saccade models sign --key PRIVATE`;
	const parsed = parseSignature(bytes.value.toString("utf8"));
	if (parsed === null) return `${SIGNATURE_FILE} is no signature; sign again`;
	const { keyId, signature } = parsed;
	const signed = signedBytes(manifest);
	if (trusted.some((key) => key.verify(signed, signature))) return null;
	if (trusted.some(({ id }) => id === keyId))
		return `${SIGNATURE_FILE} is not over this ${MANIFEST_FILE}: one of them was changed after signing; sign again`;
	return `${SIGNATURE_FILE} is by key ${keyId}, which is not trusted (${trusted.map(({ id }) => id).join(", ") || "no key is"}); sign with a trusted key, or add it to --model-integrity-key`;
}

function checkNames(
	{ model, version, expiresMs }: Manifest,
	request: CheckRequest,
): string | null {
	if (model !== request.model || version !== request.version)
		return `${MANIFEST_FILE} is that of model '${model.slice(0, 100)}' version ${version}: it was copied here; sign this version`;
	if (expiresMs !== null && request.nowMs >= expiresMs)
		return `${MANIFEST_FILE} has expired at ${new Date(expiresMs).toISOString()}; sign again`;
	return null;
}

/** The text that is used was read before; so it is that text that is checked, whichever file it came from. */
function checkConfig(
	{ files, shared }: Manifest,
	{ configTexts }: CheckRequest,
): string | null {
	const configs = [...shared, ...files].filter(([path]) =>
		path.endsWith(".pbtxt"),
	);
	const isSigned = (text: string) => {
		const sha256 = createHash("sha256").update(text, "utf8").digest("hex");
		return configs.some(([, fact]) => fact.sha256 === sha256);
	};
	if (configTexts.every(isSigned)) return null;
	return configs.length === 0
		? `the model's configuration is not in ${MANIFEST_FILE}: it was added after signing; sign again`
		: `the model's configuration is not the one in ${MANIFEST_FILE}: it was changed after signing; restore it, or sign again`;
}

function checkFiles(
	facts: FileFacts,
	base: string,
	copyBelow: string,
	{ copyTo }: CheckRequest,
): string | null {
	for (const [path, expected] of facts) {
		const copy = copyTo === null ? null : join(copyTo, copyBelow, path);
		let found: { readonly sha256: string; readonly bytes: number };
		try {
			found = hashFile(join(base, path), copy, expected.bytes);
		} catch (error) {
			const { code = "" } = error as NodeJS.ErrnoException;
			if (copyTo !== null && FULL.has(code))
				return `there is no room to copy ${path} to ${copyTo} (${code}); make some, or name another --state-dir`;
			return `${path}, which is in ${MANIFEST_FILE}, cannot be read: ${textOf(error)}; restore it, or sign again`;
		}
		if (found.bytes > expected.bytes)
			return `${path} has more than the ${expected.bytes} bytes of ${MANIFEST_FILE}; restore it, or sign again`;
		if (found.bytes < expected.bytes)
			return `${path} has ${found.bytes} bytes, not the ${expected.bytes} of ${MANIFEST_FILE}; restore it, or sign again`;
		if (found.sha256 !== expected.sha256)
			return `${path} has SHA-256 ${found.sha256}, not the ${expected.sha256} of ${MANIFEST_FILE}; restore it, or sign again`;
	}
	return null;
}

function toKey(pem: string): VerifyKey[] {
	const read = readReleaseKey(pem);
	return read.ok ? [read.value] : [];
}

/** Never more of it in memory than it may have. */
function readSmall(path: string, maxBytes: number): Read<Buffer> {
	try {
		const file = openSync(path, "r");
		try {
			const { size } = fstatSync(file);
			if (size > maxBytes)
				return {
					ok: false,
					problem: `has ${size} bytes, more than ${maxBytes}`,
				};
			return { ok: true, value: readFileSync(file) };
		} finally {
			closeSync(file);
		}
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		return {
			ok: false,
			problem: code === "ENOENT" ? MISSING : `cannot be read: ${textOf(error)}`,
		};
	}
}

function textOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
