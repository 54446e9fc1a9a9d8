// Logs for tests: written by the store, and changed behind its back.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SigningKey, VerifyKey } from "../../common/ed25519.ts";
import { type AuditEvent, toBody } from "../audit-event.ts";
import { AuditStore, openAuditLog } from "../audit-store.ts";
import { type Verdict, verifyChain } from "../verify-chain.ts";

export function loadOf(model: string): AuditEvent {
	return {
		what: "load",
		who: { by: "api", caller: "http 127.0.0.1:1" },
		model,
		from: [],
		to: [{ version: 1, digest: `sha256:${"ab".repeat(32)}` }],
		result: "ok",
		detail: "",
		durationsMs: { load: 12.5 },
	};
}

/** A folder of its own, removed when the test ends. */
export function makeFolder(test: {
	readonly after: (clean: () => void) => void;
}): string {
	const folder = mkdtempSync(join(tmpdir(), "saccade-audit-"));
	test.after(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** A log of loads of `models`, one transaction each. */
export function writeLog(
	path: string,
	models: readonly string[],
	key: SigningKey | null = null,
	maxEvents = 1000,
): void {
	const store = new AuditStore({ path, maxEvents, key, nowMs: () => 1000 });
	try {
		for (const model of models) store.append([toBody(loadOf(model), 1000)]);
	} finally {
		store.close();
	}
}

export function verifyFile(
	path: string,
	keys: readonly VerifyKey[] = [],
): Verdict {
	const log = openAuditLog(path);
	try {
		return verifyChain(() => log.rows(), { head: log.head(), keys });
	} finally {
		log.close();
	}
}

/** Statements of somebody who knows SQLite: what guards against slips is out of their way. */
export function changeBehindItsBack(path: string, sql: string): void {
	const db = new DatabaseSync(path);
	try {
		db.exec(`DROP TRIGGER IF EXISTS event_stays;
			DROP TRIGGER IF EXISTS event_is_kept; ${sql}`);
	} finally {
		db.close();
	}
}
