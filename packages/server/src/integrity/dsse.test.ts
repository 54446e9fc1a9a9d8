import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, test } from "node:test";
import { makeKey } from "../common/testing/make-key.ts";
import { readReleaseKey } from "./release-key.ts";
import { checkBundle } from "./sigstore-bundle.ts";

/**
 * Of model-signing 1.1.1: `model_signing sign key --private_key KEY --signature 1/manifest.sigstore.json 1`, with files
 * `manifest.json` and `model.onnx`. conformance/python/test_integrity.py signs anew.
 */
const REAL = {
	manifest: Buffer.from('{"format":1}\n'),
	pem: `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEC0pUARGeY/HDKiGDvdui9SzcJjk0
5YbpBxTSoJflOWD27eEt+j19MitlF3PzfDvU1zF7OjPTQjrLd6kU518quA==
-----END PUBLIC KEY-----
`,
	payload:
		"ewogICJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwKICAic3ViamVjdCI6IFsKICAgIHsKICAgICAgIm5hbWUiOiAiMSIsCiAgICAgICJkaWdlc3QiOiB7CiAgICAgICAgInNoYTI1NiI6ICIzMDJlODkyOWZiN2U4ODU0ZjdmZWU2YjZhZjNjODBjODZiMmJhOTgyNmQ0MWIzZDkxNDZjODhhNDZmYjlhMzQwIgogICAgICB9CiAgICB9CiAgXSwKICAicHJlZGljYXRlVHlwZSI6ICJodHRwczovL21vZGVsX3NpZ25pbmcvc2lnbmF0dXJlL3YxLjAiLAogICJwcmVkaWNhdGUiOiB7CiAgICAic2VyaWFsaXphdGlvbiI6IHsKICAgICAgImlnbm9yZV9wYXRocyI6IFsKICAgICAgICAiLmdpdGh1YiIsCiAgICAgICAgIi5naXRpZ25vcmUiLAogICAgICAgICIuZ2l0IiwKICAgICAgICAiLmdpdGF0dHJpYnV0ZXMiLAogICAgICAgICJtYW5pZmVzdC5zaWdzdG9yZS5qc29uIgogICAgICBdLAogICAgICAibWV0aG9kIjogImZpbGVzIiwKICAgICAgImhhc2hfdHlwZSI6ICJzaGEyNTYiLAogICAgICAiYWxsb3dfc3ltbGlua3MiOiBmYWxzZQogICAgfSwKICAgICJyZXNvdXJjZXMiOiBbCiAgICAgIHsKICAgICAgICAiYWxnb3JpdGhtIjogInNoYTI1NiIsCiAgICAgICAgImRpZ2VzdCI6ICIyZjBmZDc4YTkxMjYzZWU3MzUyZGY2ODc5NjRkMzY2ZjllNzMyM2Q1NGNiMDQxMmNiMWMxZDczYWZlYjViY2YxIiwKICAgICAgICAibmFtZSI6ICJtYW5pZmVzdC5qc29uIgogICAgICB9LAogICAgICB7CiAgICAgICAgImFsZ29yaXRobSI6ICJzaGEyNTYiLAogICAgICAgICJkaWdlc3QiOiAiOThlYTZlNGYyMTZmMmZiNGI2OWZmZjliM2E0NDg0MmMzODY4NmNhNjg1ZjNmNTVkYzQ4YzVkM2ZiMTEwN2JlNCIsCiAgICAgICAgIm5hbWUiOiAibW9kZWwub25ueCIKICAgICAgfQogICAgXQogIH0KfQ==",
	signature:
		"MEQCIDFg0VEpgS15QFAz/gTbw755vUcsKLbsw4FfcbBNzmXZAiBu68bywDKp+PVIStkKNbcvEJg3ruucExeIltAkmw1I4A==",
};
const TYPE = "application/vnd.in-toto+json";
const PREDICATE = "https://model_signing/signature/v1.0";

function bundleOf(payload: string, signatures: readonly string[]): string {
	return JSON.stringify({
		mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
		verificationMaterial: { publicKey: { hint: "ef3f" }, tlogEntries: [] },
		dsseEnvelope: {
			payload,
			payloadType: TYPE,
			signatures: signatures.map((sig) => ({ sig, keyid: "" })),
		},
	});
}

function keyOf(pem: string) {
	const read = readReleaseKey(pem);
	if (!read.ok) assert.fail(read.problem);
	return read.value;
}

describe("a signature of model-signing", () => {
	test("vouches for the manifest that it lists, by a trusted key", () => {
		const { manifest, payload, signature } = REAL;
		const trusted = [makeKey().verifying, keyOf(REAL.pem)];
		const bundle = bundleOf(payload, [signature]);
		assert.equal(checkBundle(bundle, manifest, trusted), null);
		const two = bundleOf(payload, ["bm9uZQ==", signature]);
		assert.equal(checkBundle(two, manifest, trusted), null);
		const other = Buffer.from('{"format":2}\n');
		assert.match(
			checkBundle(bundle, other, trusted) ?? "",
			/lists another manifest\.json/,
		);
		assert.match(
			checkBundle(bundle, manifest, [makeKey().verifying]) ?? "",
			/not by a trusted key/,
		);
	});

	test("that was changed afterwards, or is over the payload alone, vouches for nothing", () => {
		const { manifest, payload, signature } = REAL;
		const changed = Buffer.from(payload, "base64");
		changed[100]! ^= 1;
		for (const bundle of [
			bundleOf(changed.toString("base64"), [signature]),
			bundleOf(payload, []),
			bundleOf(payload, [signature.slice(0, 40)]),
		])
			assert.match(
				checkBundle(bundle, manifest, [keyOf(REAL.pem)]) ?? "",
				/not by a trusted key/,
			);
		const many = bundleOf(payload, new Array<string>(9).fill(signature));
		assert.match(
			checkBundle(many, manifest, [keyOf(REAL.pem)]) ?? "",
			/more than 8/,
		);
	});
});

describe("a statement by a trusted key", () => {
	const { publicKey, privateKey } = generateKeyPairSync("ec", {
		namedCurve: "P-256",
	});
	const trusted = [
		keyOf(publicKey.export({ type: "spki", format: "pem" }) as string),
	];
	const signed = (payload: string) => {
		const envelope = `DSSEv1 ${TYPE.length} ${TYPE} ${payload.length} ${payload}`;
		const signature = sign("sha256", Buffer.from(envelope), privateKey);
		return bundleOf(Buffer.from(payload).toString("base64"), [
			signature.toString("base64"),
		]);
	};
	const listing = (...resources: object[]) =>
		JSON.stringify({ predicateType: PREDICATE, predicate: { resources } });
	const entry = {
		name: "manifest.json",
		algorithm: "sha256",
		digest: "2f0fd78a91263ee7352df687964d366f9e7323d54cb0412cb1c1d73afeb5bcf1",
	};

	test("that lists the manifest vouches for it", () => {
		assert.equal(
			checkBundle(signed(listing(entry)), REAL.manifest, trusted),
			null,
		);
	});

	for (const [what, payload, why] of [
		["is no JSON", "hello", /no JSON/],
		["is nothing", "null", /says something else/],
		[
			"says something else of the model",
			'{"predicateType":"https://slsa.dev/provenance/v1"}',
			/says something else/,
		],
		["lists nothing", listing(), /does not list manifest\.json once/],
		[
			"lists the manifest of another directory",
			listing({ ...entry, name: "1/manifest.json" }),
			/does not list manifest\.json once/,
		],
		["lists it twice", listing(entry, entry), /does not list .* once/],
		[
			"lists it by another hash",
			listing({ ...entry, algorithm: "blake2b" }),
			/not by its SHA-256/,
		],
		["has no list", `{"predicateType":"${PREDICATE}"}`, /does not list/],
	] as const)
		test(`that ${what} vouches for nothing`, () => {
			assert.match(
				checkBundle(signed(payload), REAL.manifest, trusted) ?? "",
				why,
			);
		});
});
