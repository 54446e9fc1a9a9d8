// Signatures: ed25519 (RFC 8032), with keys in PEM files as OpenSSL writes them. A key is known by the first 16
// digits of the SHA-256 of its public half, so that a signature can say whose it is.
//
// The module is loaded by who has a key: most servers need nothing of it.
import type { KeyObject } from "node:crypto";
import type { Read } from "./readers.ts";

export interface VerifyKey {
	readonly id: string;
	verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

export interface SigningKey extends VerifyKey {
	sign(bytes: Uint8Array): Uint8Array;
}

const ID_DIGITS = 16;

/** @param pem a private key, PKCS #8 and not encrypted */
export function readSigningKey(pem: string): Read<SigningKey> {
	const { createPrivateKey, sign } = process.getBuiltinModule("node:crypto");
	const key = readKey(() => createPrivateKey(pem));
	if (key === null)
		return problem(
			"it is no ed25519 private key in PEM; make one with: openssl genpkey -algorithm ed25519 -out FILE",
		);
	const read = readVerifyKey(pem);
	if (!read.ok) return read;
	return {
		ok: true,
		value: { ...read.value, sign: (bytes) => sign(null, bytes, key) },
	};
}

/** @param pem a public key, or a private one, which has it */
export function readVerifyKey(pem: string): Read<VerifyKey> {
	const { createPublicKey, verify } = process.getBuiltinModule("node:crypto");
	const key = readKey(() => createPublicKey(pem));
	if (key === null)
		return problem(
			"it is no ed25519 public key in PEM; get it from the private one with: openssl pkey -in PRIVATE -pubout -out FILE",
		);
	return {
		ok: true,
		value: {
			id: idOfKey(key),
			verify: (bytes, signature) => verify(null, bytes, key, signature),
		},
	};
}

/** @param key a public one */
export function idOfKey(key: KeyObject): string {
	const { createHash } = process.getBuiltinModule("node:crypto");
	const der = key.export({ type: "spki", format: "der" });
	return createHash("sha256").update(der).digest("hex").slice(0, ID_DIGITS);
}

function readKey(read: () => KeyObject): KeyObject | null {
	try {
		const key = read();
		return key.asymmetricKeyType === "ed25519" ? key : null;
	} catch {
		return null;
	}
}

function problem(text: string): Read<never> {
	return { ok: false, problem: text };
}
