import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { readSigningKey, readVerifyKey } from "./ed25519.ts";
import { makeKey } from "./testing/make-key.ts";

test("what a key signs, its public half verifies, and nothing else", () => {
	const { signing, verifying } = makeKey();
	const bytes = Buffer.from("what happened");
	const signature = Buffer.from(signing.sign(bytes));
	assert.equal(verifying.id, signing.id);
	assert.equal(verifying.verify(bytes, signature), true);
	assert.equal(verifying.verify(Buffer.from("what happens"), signature), false);
	assert.equal(makeKey().verifying.verify(bytes, signature), false);
	signature[5] = (signature[5] ?? 0) ^ 1;
	assert.equal(verifying.verify(bytes, signature), false);
	assert.equal(verifying.verify(bytes, new Uint8Array(0)), false);
});

test("a private key stands for its public half too", () => {
	const { privatePem, verifying } = makeKey();
	const read = readVerifyKey(privatePem);
	assert.ok(read.ok);
	assert.equal(read.value.id, verifying.id);
});

test("what is no ed25519 key says how to get one", () => {
	const { publicPem } = makeKey();
	const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const other = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
	for (const text of ["", "not a key", publicPem, other]) {
		const read = readSigningKey(text);
		assert.match(read.ok ? "" : read.problem, /openssl genpkey/);
	}
	for (const text of ["", "not a key", other])
		assert.match(
			((read) => (read.ok ? "" : read.problem))(readVerifyKey(text)),
			/openssl pkey/,
		);
});
