// Signed statements about the files of a model, as OpenSSF's model signing makes them: an in-toto statement that lists
// each file with its SHA-256, in an envelope whose signature is over its type and its bytes. Only what it says of
// `manifest.json` is used: the manifest has the other files, and those that versions share.
// https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md
// https://github.com/sigstore/model-transparency
import { createHash } from "node:crypto";
import { isMapping } from "../common/mapping.ts";
import type { Read } from "../common/readers.ts";
import { MANIFEST_FILE } from "./manifest.ts";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const PREDICATE_TYPE = "https://model_signing/signature/v1.0";
/** Each is tried with each trusted key. */
const MAX_SIGNATURES = 8;

export interface Envelope {
	readonly payload: Uint8Array;
	/** What signatures are over. */
	readonly signedBytes: Uint8Array;
	readonly signatures: readonly Uint8Array[];
}

export function parseEnvelope(value: unknown): Read<Envelope> {
	if (!isMapping(value)) return problem("has an envelope that is none");
	const { payload, payloadType, signatures } = value;
	if (payloadType !== PAYLOAD_TYPE || typeof payload !== "string")
		return problem(`has an envelope without a payload of ${PAYLOAD_TYPE}`);
	if (!Array.isArray(signatures) || signatures.length > MAX_SIGNATURES)
		return problem(
			`has an envelope without signatures, or with more than ${MAX_SIGNATURES}`,
		);
	const bytes = Buffer.from(payload, "base64");
	return {
		ok: true,
		value: {
			payload: bytes,
			signedBytes: Buffer.concat([
				Buffer.from(
					`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${bytes.length} `,
				),
				bytes,
			]),
			signatures: signatures.flatMap((one: unknown) =>
				isMapping(one) && typeof one["sig"] === "string"
					? [Buffer.from(one["sig"], "base64")]
					: [],
			),
		},
	};
}

/** What is wrong with a statement that was signed by a trusted key; null: it has `manifest` by its content. */
export function checkStatement(
	payload: Uint8Array,
	manifest: Uint8Array,
): string | null {
	let statement: unknown;
	try {
		statement = JSON.parse(Buffer.from(payload).toString("utf8"));
	} catch {
		return "has a statement that is no JSON";
	}
	if (!isMapping(statement) || statement["predicateType"] !== PREDICATE_TYPE)
		return `is no signature of a model (${PREDICATE_TYPE}) but says something else of it`;
	const { predicate } = statement;
	const resources = isMapping(predicate) ? predicate["resources"] : null;
	const listed = (Array.isArray(resources) ? resources : []).filter(
		(resource: unknown) =>
			isMapping(resource) && resource["name"] === MANIFEST_FILE,
	) as Record<string, unknown>[];
	const [entry, ...others] = listed;
	if (entry === undefined || others.length > 0)
		return `does not list ${MANIFEST_FILE} once; sign the version's directory when it has one: saccade models sign, then model_signing sign key`;
	const { algorithm, digest } = entry;
	const sha256 = createHash("sha256").update(manifest).digest("hex");
	if (algorithm === "sha256" && digest === sha256) return null;
	return `lists another ${MANIFEST_FILE}, or not by its SHA-256: it was changed after signing; sign again`;
}

function problem(text: string): Read<never> {
	return { ok: false, problem: text };
}
