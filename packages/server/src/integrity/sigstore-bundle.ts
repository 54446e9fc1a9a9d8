// A signature over `manifest.json` in the bundle that Sigstore's tools write, by a key that somebody keeps: over the
// manifest itself (`cosign sign-blob --key`), or over a list of the version's files that has it (`model_signing sign key`).
// Certificates of its public service last for minutes, and whether one was valid when it signed is known to a log that a
// machine without a network cannot ask: such bundles are refused.
// https://docs.sigstore.dev/about/bundle/
import type { VerifyKey } from "../common/ed25519.ts";
import { isMapping } from "../common/mapping.ts";
import type { Read } from "../common/readers.ts";
import { checkStatement, type Envelope, parseEnvelope } from "./dsse.ts";

export const BUNDLE_FILE = "manifest.sigstore.json";
/** With entries of a transparency log, or a list of files, some KB. */
export const MAX_BUNDLE_BYTES = 256 * 1024;
const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle";

type Signed =
	| { readonly kind: "manifest"; readonly signature: Uint8Array }
	| { readonly kind: "statement"; readonly envelope: Envelope };

/** What is wrong, and what to do about it; null: one of `keys` has signed `bytes`. */
export function checkBundle(
	text: string,
	bytes: Uint8Array,
	keys: readonly VerifyKey[],
): string | null {
	const read = parseBundle(text);
	if (!read.ok) return read.problem;
	const signed = read.value;
	if (signed.kind === "statement") {
		const { payload, signedBytes, signatures } = signed.envelope;
		const isTrusted = signatures.some((signature) =>
			keys.some((key) => key.verify(signedBytes, signature)),
		);
		return isTrusted ? checkStatement(payload, bytes) : notTrusted(keys);
	}
	// The digest in a bundle is for who looks the signature up; what counts is what the signature is over.
	return keys.some((key) => key.verify(bytes, signed.signature))
		? null
		: notTrusted(keys);
}

function notTrusted(keys: readonly VerifyKey[]): string {
	return `is not over this manifest, or not by a trusted key (${keys.map(({ id }) => id).join(", ") || "no key is"}); sign again: cosign sign-blob --key KEY --bundle ${BUNDLE_FILE} manifest.json`;
}

function parseBundle(text: string): Read<Signed> {
	let bundle: unknown;
	try {
		bundle = JSON.parse(text);
	} catch {
		return problem("is no JSON");
	}
	const { mediaType, messageSignature, dsseEnvelope, verificationMaterial } =
		fieldsOf(bundle);
	if (typeof mediaType !== "string" || !mediaType.startsWith(MEDIA_TYPE))
		return problem(
			"is no Sigstore bundle; cosign before version 3 writes one with --new-bundle-format",
		);
	const { certificate, x509CertificateChain } = fieldsOf(verificationMaterial);
	if (certificate !== undefined || x509CertificateChain !== undefined)
		return problem(
			"is signed with a certificate, which only a transparency log can confirm; sign with a key: cosign sign-blob --key",
		);
	if (dsseEnvelope !== undefined) {
		const envelope = parseEnvelope(dsseEnvelope);
		return envelope.ok
			? { ok: true, value: { kind: "statement", envelope: envelope.value } }
			: envelope;
	}
	const { signature } = fieldsOf(messageSignature);
	if (typeof signature !== "string" || signature === "")
		return problem("has no signature of a message");
	return {
		ok: true,
		value: { kind: "manifest", signature: Buffer.from(signature, "base64") },
	};
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
	return isMapping(value) ? value : {};
}

function problem(text: string): Read<never> {
	return { ok: false, problem: text };
}
