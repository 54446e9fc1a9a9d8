import { generateKeyPairSync } from "node:crypto";
import {
	readSigningKey,
	readVerifyKey,
	type SigningKey,
	type VerifyKey,
} from "../ed25519.ts";

export interface TestKey {
	readonly privatePem: string;
	readonly publicPem: string;
	readonly signing: SigningKey;
	readonly verifying: VerifyKey;
}

export function makeKey(): TestKey {
	const pair = generateKeyPairSync("ed25519");
	const privatePem = pair.privateKey.export({ type: "pkcs8", format: "pem" });
	const publicPem = pair.publicKey.export({ type: "spki", format: "pem" });
	const signing = readSigningKey(String(privatePem));
	const verifying = readVerifyKey(String(publicPem));
	if (!signing.ok || !verifying.ok) throw new Error("no key was made");
	return {
		privatePem: String(privatePem),
		publicPem: String(publicPem),
		signing: signing.value,
		verifying: verifying.value,
	};
}
