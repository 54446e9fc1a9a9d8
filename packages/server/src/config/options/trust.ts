// What became of models, which models and which callers are trusted.
import { boolean, oneOf, text, wholeNumber } from "../../common/readers.ts";
import { list, names, option } from "./option.ts";

export const TRUST_OPTIONS = {
	audit: option({
		flag: "audit",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning:
			"Keep what becomes of models in `audit.db` of the state directory, each event chained to the one before (docs/audit.md).",
		reason:
			"Who loaded what, and when, is asked after the fact; it is written by a thread of its own, and a request never waits for it.",
	}),
	auditKey: option({
		flag: "audit-key",
		read: text,
		default: "",
		unit: "file",
		meaning:
			"Private ed25519 key, PEM, that signs the end of the audit log after each event. Empty: not signed.",
		reason:
			"None: without one, whoever may write the file can write another history; with one, whoever has the public half can tell.",
	}),
	auditMaxEvents: option({
		flag: "audit-max-events",
		read: wholeNumber({ min: 16 }),
		default: 20_000,
		unit: "events",
		meaning:
			"The audit log drops its oldest eighth beyond this, and says so in an event.",
		reason: "Some 10 MB, and 27 a day for two years.",
	}),
	modelIntegrity: option<"off" | "digest" | "signature">({
		flag: "model-integrity",
		read: oneOf("off", "digest", "signature"),
		default: "off",
		unit: "off | digest | signature",
		meaning:
			"What a version needs to serve: `digest`, a `manifest.json` with the SHA-256 of its files (`saccade models sign`); `signature`, one that a key of --model-integrity-key has signed (docs/audit.md).",
		reason:
			"Off: repositories of other servers have no manifests. Checking copies each file once, to --state-dir, and loads the copy.",
	}),
	modelIntegrityKeys: option({
		flag: "model-integrity-key",
		read: list,
		default: [],
		unit: "file, repeatable",
		meaning:
			"Public keys, PEM, whose signatures count with --model-integrity=signature: ed25519, or ECDSA on P-256 for Sigstore bundles.",
		reason: "No default: trust is a decision.",
	}),
	adminTokenFile: option({
		flag: "admin-token-file",
		read: text,
		default: "",
		unit: "file",
		meaning:
			"Holds the bearer token that load, unload, settings and recordings then require.",
		reason: "Off: on loopback the operator is trusted.",
	}),
	allowedHosts: option({
		flag: "allowed-hosts",
		read: names,
		default: [],
		unit: "names, comma-separated; * = any",
		meaning:
			"Host names that HTTP answers to, besides loopback names and the bound address.",
		reason:
			"A page in a browser must not reach the server under a name of its own (DNS rebinding).",
	}),
	allowedOrigins: option({
		flag: "allowed-origins",
		read: names,
		default: [],
		unit: "origins, comma-separated",
		meaning: "Origins of pages that may change state.",
		reason: "None: only the server's own page.",
	}),
} as const;
