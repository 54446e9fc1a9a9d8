// Keys whose signatures over manifests count: ed25519, and ECDSA on P-256, which `cosign generate-key-pair` and most
// key services make.
import type { KeyObject } from "node:crypto";
import { idOfKey, readVerifyKey, type VerifyKey } from "../common/ed25519.ts";
import type { Read } from "../common/readers.ts";

/** As OpenSSL names P-256. */
const P_256 = "prime256v1";

/** @param pem a public key, or a private one, which has it */
export function readReleaseKey(pem: string): Read<VerifyKey> {
	const ed25519 = readVerifyKey(pem);
	if (ed25519.ok) return ed25519;
	const { createPublicKey, verify } = process.getBuiltinModule("node:crypto");
	let key: KeyObject;
	try {
		key = createPublicKey(pem);
	} catch {
		return ed25519;
	}
	if (key.asymmetricKeyDetails?.namedCurve !== P_256)
		return {
			ok: false,
			problem: "it is no public key of ed25519 or ECDSA on P-256 in PEM",
		};
	return {
		ok: true,
		value: {
			id: idOfKey(key),
			verify: (bytes, signature) => verify("sha256", bytes, key, signature),
		},
	};
}
