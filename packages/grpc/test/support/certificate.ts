// A throw-away certificate for 127.0.0.1 and localhost, made by openssl: Node has no way to sign one.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const OPENSSL = "openssl";

export interface Certificate {
	readonly key: Buffer;
	readonly cert: Buffer;
}

/** Why there is none, where openssl is absent; there it throws with SACCADE_REQUIRE_TOOLS=1. */
export type CertificateOrSkip = Certificate | { readonly skip: string };

export function makeCertificate(): CertificateOrSkip {
	const directory = mkdtempSync(join(tmpdir(), "saccade-certificate-"));
	const key = join(directory, "key.pem");
	const cert = join(directory, "cert.pem");
	try {
		const made = spawnSync(
			OPENSSL,
			[
				["req", "-x509", "-newkey", "ec", "-pkeyopt"],
				["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
				["-subj", "/CN=localhost"],
				["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
				["-keyout", key, "-out", cert],
			].flat(),
			{ encoding: "utf8" },
		);
		if (made.status === 0)
			return { key: readFileSync(key), cert: readFileSync(cert) };
		const why = `openssl made no certificate: ${made.error?.message ?? made.stderr}`;
		if (process.env["SACCADE_REQUIRE_TOOLS"] === "1") throw new Error(why);
		return { skip: why };
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}
