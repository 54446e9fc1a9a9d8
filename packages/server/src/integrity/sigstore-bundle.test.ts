import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeKey } from "../common/testing/make-key.ts";
import { readReleaseKey } from "./release-key.ts";
import { checkBundle } from "./sigstore-bundle.ts";

const MANIFEST = Buffer.from('{"format":1}\n');
/** Of openssl 3: `ecparam -name prime256v1 -genkey`, `dgst -sha256 -sign`. */
const P_256 = {
	pem: `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE20Bx1EhYXrH7TLxRdlMzkTwT2pJM
7TGE4VU+98NnulAbJuRn++XNQr91zuBTsxPukkIcsn01d8D9MOo7UnCZQQ==
-----END PUBLIC KEY-----
`,
	signature:
		"MEUCIDTQyYq83FYYw+xYGD8NYmcfVFfjeiwMDsY1ykOsC7EXAiEAyg76Gn1OvSF2jbHT8rapuAMnuEm1Yeu2tXdj+MSvSv0=",
};
/** Of openssl 3: `genpkey -algorithm ed25519`, `pkeyutl -sign -rawin`. */
const ED25519 = {
	pem: `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAASj1qNdAemmpvNzRc3rv0n62MWYOVqGaBtLe/iPKR3k=
-----END PUBLIC KEY-----
`,
	signature:
		"QpaOTFHZccfhkr/apSr1ZLf/3c8gtmdw/JI549peSh62LVtaMtE7CwoxVS/ijGugnzii8USXACDCuvQ5BfsUAQ==",
};

function bundleOf(signature: string, changes: object = {}): string {
	return JSON.stringify({
		mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
		verificationMaterial: { publicKey: { hint: "5rN0" }, tlogEntries: [] },
		messageSignature: {
			messageDigest: {
				algorithm: "SHA2_256",
				digest: "Lw/XipEmPuc1LfaHlk02b55zI9VMsEEsscHXOv61vPE=",
			},
			signature,
		},
		...changes,
	});
}

function keyOf(pem: string) {
	const read = readReleaseKey(pem);
	if (!read.ok) assert.fail(read.problem);
	return read.value;
}

describe("a Sigstore bundle", () => {
	for (const [name, { pem, signature }] of [
		["ECDSA on P-256", P_256],
		["ed25519", ED25519],
	] as const)
		test(`by a key of ${name} that is trusted vouches for the manifest that was signed, and for no other`, () => {
			const bundle = bundleOf(signature);
			const trusted = [makeKey().verifying, keyOf(pem)];
			assert.equal(checkBundle(bundle, MANIFEST, trusted), null);
			const other = Buffer.from('{"format":2}\n');
			assert.match(checkBundle(bundle, other, trusted) ?? "", /is not over/);
			for (const keys of [[], [makeKey().verifying]])
				assert.match(
					checkBundle(bundle, MANIFEST, keys) ?? "",
					/not by a trusted key .*cosign sign-blob --key/,
				);
		});

	for (const [name, text, problem] of [
		["is no JSON", "hello", /no JSON/],
		["is something else", '{"base64Signature":"x"}', /new-bundle-format/],
		["is nothing", "null", /no Sigstore bundle/],
		[
			"was signed with a certificate",
			bundleOf(P_256.signature, {
				verificationMaterial: { certificate: { rawBytes: "AA==" } },
			}),
			/certificate.*sign-blob --key/,
		],
		[
			"is over nothing",
			bundleOf("", { messageSignature: undefined }),
			/no signature of a message/,
		],
		[
			"has an envelope of something else",
			bundleOf("", { messageSignature: undefined, dsseEnvelope: {} }),
			/without a payload of application/,
		],
		["has a signature that is none", bundleOf("%%%"), /is not over/],
		[
			"has half a signature",
			bundleOf(P_256.signature.slice(0, 40)),
			/not over/,
		],
	] as const)
		test(`that ${name} vouches for nothing`, () => {
			assert.match(
				checkBundle(text, MANIFEST, [keyOf(P_256.pem)]) ?? "",
				problem,
			);
		});
});

test("a key of another curve, and what is no key, are told", () => {
	// Of openssl: `ecparam -name secp384r1 -genkey`.
	const p384 = `-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAErErJ8HTTVRHHVgSIz+IJBwiHyI4KjbUE
+XGmo0m35/bOeuJjzUc4eScAx3ycXTsxWFZyxrqfurjH70QCOQzmDXjIL19k9w6I
mTE154zhY1ygmoiS51rUQbvzRxmMhRD+
-----END PUBLIC KEY-----
`;
	for (const [pem, problem] of [
		[p384, /ed25519 or ECDSA on P-256/],
		["", /no ed25519 public key/],
	] as const) {
		const read = readReleaseKey(pem);
		assert.match(read.ok ? "" : read.problem, problem);
	}
});
