// The manifest of a version: which files it has and what their content is, beside them on disk.
//
//   <model>/<version>/manifest.json   the files, by their SHA-256
//   <model>/<version>/manifest.sig    "<key id> <ed25519 signature in base64>", over what `signedBytes` says
//
// It names the model and the version, so that what was signed as one thing is not taken for another.
import { posix } from "node:path";
import { isMapping } from "../common/mapping.ts";
import type { Read } from "../common/readers.ts";

export const MANIFEST_FILE = "manifest.json";
export const SIGNATURE_FILE = "manifest.sig";
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
export const MAX_SIGNATURE_BYTES = 4096;

const FORMAT = 1;
const MAX_FILES = 10_000;
const SIGNED_DOMAIN = Buffer.from("saccade-manifest-1\0");
const SHA256 = /^[0-9a-f]{64}$/;

export interface FileFact {
	readonly sha256: string;
	readonly bytes: number;
}

export type FileFacts = ReadonlyMap<string, FileFact>;

export interface Manifest {
	readonly model: string;
	readonly version: number;
	/** Wall-clock time in ms since 1970 from which on it is not to be believed; null: always. */
	readonly expiresMs: number | null;
	/** By path in the version's directory. */
	readonly files: FileFacts;
	/** By path in the model's directory: what all versions share, e.g. `config.pbtxt` and labels. */
	readonly shared: FileFacts;
}

/** The text of `manifest.json`. */
export function renderManifest(manifest: Manifest): string {
	const { model, version, expiresMs, files, shared } = manifest;
	const sorted = (facts: FileFacts) =>
		Object.fromEntries([...facts].sort(([a], [b]) => (a < b ? -1 : 1)));
	return `${JSON.stringify(
		{
			format: FORMAT,
			model,
			version,
			...(expiresMs !== null && { expires: new Date(expiresMs).toISOString() }),
			files: sorted(files),
			shared: sorted(shared),
		},
		null,
		2,
	)}\n`;
}

/** Nothing of it is believed: it may come with the files that it is to vouch for. */
export function parseManifest(text: string): Read<Manifest> {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch {
		return problem("it is no JSON");
	}
	if (!isMapping(json) || json["format"] !== FORMAT)
		return problem(`its format is not ${FORMAT}`);
	const { model, version, expires } = json;
	if (typeof model !== "string" || !Number.isSafeInteger(version))
		return problem("it names no model and version");
	const expiresMs = expires === undefined ? null : Date.parse(String(expires));
	if (Number.isNaN(expiresMs)) return problem("'expires' is no time");
	const files = readFacts(json["files"], "files");
	if (!files.ok) return files;
	const shared = readFacts(json["shared"] ?? {}, "shared");
	if (!shared.ok) return shared;
	return {
		ok: true,
		value: {
			model,
			version: version as number,
			expiresMs,
			files: files.value,
			shared: shared.value,
		},
	};
}

/** @param manifest the bytes of `manifest.json`, as they are */
export function signedBytes(manifest: Uint8Array): Uint8Array {
	return Buffer.concat([SIGNED_DOMAIN, manifest]);
}

export function renderSignature(keyId: string, signature: Uint8Array): string {
	return `${keyId} ${Buffer.from(signature).toString("base64")}\n`;
}

/** Null when it is none. */
export function parseSignature(
	text: string,
): { readonly keyId: string; readonly signature: Uint8Array } | null {
	const match = /^([0-9a-f]{16}) ([A-Za-z0-9+/]{86}==)\s*$/.exec(text);
	if (match === null) return null;
	return {
		keyId: match[1] ?? "",
		signature: Buffer.from(match[2] ?? "", "base64"),
	};
}

function readFacts(value: unknown, name: string): Read<FileFacts> {
	if (!isMapping(value)) return problem(`'${name}' is no list of files`);
	const entries = Object.entries(value);
	if (entries.length > MAX_FILES)
		return problem(`'${name}' has more than ${MAX_FILES} files`);
	const facts = new Map<string, FileFact>();
	for (const [path, fact] of entries) {
		if (!isInside(path))
			return problem(
				`'${path.slice(0, 100)}' in '${name}' leads out of its directory, or is no plain path`,
			);
		const { sha256, bytes } = isMapping(fact) ? fact : {};
		const isFact =
			typeof sha256 === "string" &&
			SHA256.test(sha256) &&
			Number.isSafeInteger(bytes) &&
			(bytes as number) >= 0;
		if (!isFact)
			return problem(`'${path}' in '${name}' has no sha256 and size`);
		facts.set(path, { sha256, bytes: bytes as number });
	}
	return { ok: true, value: facts };
}

/** As it is written, relative, without a way up; so two spellings of one path cannot meet. */
function isInside(path: string): boolean {
	return (
		path !== "" &&
		path.length <= 1000 &&
		!/[\\\0]/.test(path) &&
		!posix.isAbsolute(path) &&
		posix.normalize(path) === path &&
		path !== "." &&
		path !== ".." &&
		!path.startsWith("../") &&
		!path.endsWith("/")
	);
}

function problem(text: string): Read<never> {
	return { ok: false, problem: text };
}
