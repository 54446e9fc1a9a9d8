// The thread that owns the log's file. It opens it for the first events, and again after a failure: so a disk that was
// full, a folder that was gone or a right that was taken away need no restart once they are mended.
import { renameSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { readSigningKey } from "../common/ed25519.ts";
import { logEvent, toBody } from "./audit-event.ts";
import { AuditStore } from "./audit-store.ts";
import type {
	AuditThreadData,
	FromAuditThread,
	ToAuditThread,
} from "./audit-thread.ts";
import { type Head, toHex } from "./chain.ts";
import { verifyChain } from "./verify-chain.ts";

/** https://sqlite.org/rescode.html: SQLITE_CORRUPT, SQLITE_NOTADB */
const DAMAGED = new Set([11, 26]);

const { path, maxEvents, keyPem, head } = workerData as AuditThreadData;
const read = keyPem === "" ? null : readSigningKey(keyPem);
const key = read?.ok === true ? read.value : null;
let store: AuditStore | null = null;
/** Found while opening; told with the next events. */
let damage: string | null = null;
/** What this process last knew to be in the log; null: nothing yet. */
let known: Head | null =
	head === null ? null : { seq: head.seq, hash: Buffer.from(head.hash, "hex") };
let hasOpened = known !== null;

function open(): AuditStore {
	const options = { path, maxEvents, key, nowMs: Date.now, known };
	try {
		const opened = new AuditStore(options);
		if (!hasOpened) damage ??= firstProblem(opened);
		hasOpened = true;
		return opened;
	} catch (error) {
		if (!isDamaged(error)) throw error;
		const aside = `${path}.damaged-${Date.now()}`;
		renameSync(path, aside);
		damage = `the file was no database any more and was moved to ${aside}`;
		return new AuditStore({ ...options, known: null });
	}
}

/** Of a log that another process left. */
function firstProblem(opened: AuditStore): string | null {
	const keys = key === null ? [] : [key];
	const head = opened.head();
	// A log that was begun without a key is signed from now on.
	const isSigned = (head?.signature.byteLength ?? 0) > 0;
	const { problems } = verifyChain(() => opened.rows(), {
		head,
		keys: isSigned && head?.keyId === key?.id ? keys : [],
	});
	return problems[0] ?? null;
}

function append(bodies: readonly string[]): FromAuditThread {
	if (store?.isGone === true) {
		store.close();
		store = null;
		known = null;
		damage = "the file was removed or replaced while the server ran";
	}
	store ??= open();
	const found = damage;
	const all =
		found === null
			? bodies
			: [toBody(logEvent("audit-tampered", found), Date.now()), ...bodies];
	const { head: end, tampered } = store.append(all);
	damage = null;
	known = end;
	return {
		kind: "written",
		seq: end.seq,
		hash: toHex(end.hash),
		keyId: end.keyId,
		signature: toHex(end.signature),
		tampered: tampered ?? found,
	};
}

function isDamaged(error: unknown): boolean {
	const { errcode } = error as { errcode?: number };
	return errcode !== undefined && DAMAGED.has(errcode & 0xff);
}

function failed(error: unknown): FromAuditThread {
	try {
		store?.close();
	} catch {
		// What matters is the first failure.
	}
	store = null;
	return {
		kind: "failed",
		text: error instanceof Error ? error.message : String(error),
	};
}

parentPort?.on("message", (message: ToAuditThread) => {
	if (message.kind === "end") {
		store?.close();
		parentPort?.close();
		return;
	}
	let answer: FromAuditThread;
	try {
		answer = append(message.bodies);
	} catch (error) {
		answer = failed(error);
	}
	parentPort?.postMessage(answer);
});
