// The log's file: SQLite, with the events and the head in it. Every change is one transaction that takes the write
// lock first and reads the head inside it, so that several servers of one state directory write one chain. Its calls
// wait for the disk: only the log's thread and commands use it.
import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { SigningKey } from "../common/ed25519.ts";
import { type AuditEvent, logEvent, toBody } from "./audit-event.ts";
import {
	type AuditRow,
	type Head,
	hashAfter,
	isSameHash,
	NO_HEAD,
	type SignedHead,
	signedBytes,
	toHex,
} from "./chain.ts";
import { droppedThrough, rotationEvent } from "./rotation.ts";

export interface AuditStoreOptions {
	readonly path: string;
	readonly maxEvents: number;
	/** Null: heads are not signed. */
	readonly key: SigningKey | null;
	/** Wall-clock time in ms since 1970, for what the log says about itself. */
	readonly nowMs: () => number;
	/** What this process wrote last; null: whatever is there. @default null */
	readonly known?: Head | null;
}

export interface Appended {
	readonly head: SignedHead;
	/** What was found changed since the last call; null: nothing. */
	readonly tampered: string | null;
}

// Statements that nobody needs; they make a slip of an operator's hand fail.
const SCHEMA = `
PRAGMA application_id = 0x53414343;
PRAGMA user_version = 1;
CREATE TABLE event (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE head (
	id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL,
	dropped INTEGER NOT NULL, key_id TEXT NOT NULL, signature BLOB NOT NULL
) STRICT;
CREATE TRIGGER event_stays BEFORE UPDATE ON event
	BEGIN SELECT RAISE(ABORT, 'the audit log is appended to, and never changed'); END;
CREATE TRIGGER event_is_kept BEFORE DELETE ON event
	WHEN OLD.seq > coalesce((SELECT dropped FROM head), 0)
	BEGIN SELECT RAISE(ABORT, 'the audit log is appended to, and never cut'); END;`;

/** Another server may hold the lock for one transaction, whose disk may be slow. */
const BUSY_MS = 5000;

export class AuditStore {
	readonly #options: AuditStoreOptions;
	readonly #db: DatabaseSync;
	/** Of the file as opened: another in its place is no longer ours. */
	readonly #fileId: string;
	/** What this process last knew to be in the log. */
	#known: Head = NO_HEAD;

	/** Makes what is missing. @throws what SQLite or the system says */
	constructor(options: AuditStoreOptions) {
		this.#options = options;
		mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
		closeSync(openSync(options.path, "a", 0o600));
		this.#db = openDatabase(options.path, false);
		try {
			this.#fileId = fileId(options.path);
			this.#inTransaction(() => {
				const { user_version } = this.#db
					.prepare("PRAGMA user_version")
					.get() as { user_version: number };
				if (user_version === 0) this.#db.exec(SCHEMA);
			});
			this.#known = options.known ?? this.head() ?? NO_HEAD;
		} catch (error) {
			this.#db.close();
			throw error;
		}
	}

	/** True when the file was removed or replaced since it was opened: what is written to it is lost. */
	get isGone(): boolean {
		try {
			return fileId(this.#options.path) !== this.#fileId;
		} catch {
			return true;
		}
	}

	/** All of them, or none. @param bodies in their order @throws what SQLite says, e.g. that the disk is full */
	append(bodies: readonly string[]): Appended {
		return this.#inTransaction(() => {
			const tampered = this.#changeSinceLastTime();
			let head: Head = this.head() ?? this.#lastRow();
			if (tampered !== null)
				head = this.#insert(
					head,
					this.#own(logEvent("audit-tampered", tampered)),
				);
			for (const body of bodies) head = this.#insert(head, body);
			const { head: end, dropped } = this.#rotate(head);
			const signed = this.#sign(end);
			this.#writeHead(signed, dropped);
			this.#db.prepare("DELETE FROM event WHERE seq <= ?").run(dropped);
			this.#known = end;
			return { head: signed, tampered };
		});
	}

	head(): SignedHead | null {
		return readHead(this.#db);
	}

	rows(): Iterable<AuditRow> {
		return readRows(this.#db);
	}

	close(): void {
		this.#db.close();
	}

	/** Others may have appended since; what was there must still be there. */
	#changeSinceLastTime(): string | null {
		const { seq, hash } = this.#known;
		const head = this.head();
		const lastSeq = this.#lastRow().seq;
		if ((head?.seq ?? 0) !== lastSeq)
			return `the head says ${head?.seq ?? 0} events, but the last is event ${lastSeq}`;
		if (seq === 0 || seq <= this.#dropped()) return null;
		const row = this.#db
			.prepare("SELECT hash FROM event WHERE seq = ?")
			.get(seq) as { hash: Uint8Array } | undefined;
		if (row === undefined)
			return `event ${seq}, which this server wrote, is not there any more`;
		return isSameHash(row.hash, hash)
			? null
			: `event ${seq} has another hash than this server wrote: ${toHex(hash)}`;
	}

	#lastRow(): Head {
		const row = this.#db
			.prepare("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")
			.get() as Head | undefined;
		return row ?? NO_HEAD;
	}

	#dropped(): number {
		const row = this.#db.prepare("SELECT dropped FROM head").get() as
			| { dropped: number }
			| undefined;
		return row?.dropped ?? 0;
	}

	#insert(previous: Head, body: string): Head {
		const next = hashAfter(previous, body);
		this.#db
			.prepare("INSERT INTO event (seq, body, hash) VALUES (?, ?, ?)")
			.run(next.seq, body, next.hash);
		return next;
	}

	#rotate(head: Head): { readonly head: Head; readonly dropped: number } {
		const already = this.#dropped();
		const through = droppedThrough(
			already + 1,
			head.seq,
			this.#options.maxEvents,
		);
		if (through === null) return { head, dropped: already };
		const { hash } = this.#db
			.prepare("SELECT hash FROM event WHERE seq = ?")
			.get(through) as { hash: Uint8Array };
		const event = rotationEvent({ through, hash: toHex(hash) });
		return { head: this.#insert(head, this.#own(event)), dropped: through };
	}

	#own(event: AuditEvent): string {
		return toBody(event, this.#options.nowMs());
	}

	#sign(head: Head): SignedHead {
		const { key } = this.#options;
		return {
			...head,
			keyId: key?.id ?? "",
			signature: key?.sign(signedBytes(head)) ?? new Uint8Array(0),
		};
	}

	#writeHead(head: SignedHead, dropped: number): void {
		this.#db
			.prepare("INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?)")
			.run(head.seq, head.hash, dropped, head.keyId, head.signature);
	}

	#inTransaction<T>(work: () => T): T {
		this.#db.exec("BEGIN IMMEDIATE");
		try {
			const result = work();
			this.#db.exec("COMMIT");
			return result;
		} catch (error) {
			// A full disk has ended the transaction already.
			if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
			throw error;
		}
	}
}

/** A log as a reader has it; changes nothing. @throws what SQLite says */
export function openAuditLog(path: string): {
	rows(): Iterable<AuditRow>;
	head(): SignedHead | null;
	close(): void;
} {
	const db = openDatabase(path, true);
	return {
		rows: () => readRows(db),
		head: () => readHead(db),
		close: () => db.close(),
	};
}

function openDatabase(path: string, readOnly: boolean): DatabaseSync {
	// Loaded by who keeps a log.
	const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
	return new DatabaseSync(path, { readOnly, timeout: BUSY_MS });
}

function readRows(db: DatabaseSync): Iterable<AuditRow> {
	const rows = db.prepare("SELECT seq, body, hash FROM event ORDER BY seq");
	return rows.iterate() as unknown as Iterable<AuditRow>;
}

function readHead(db: DatabaseSync): SignedHead | null {
	const head = db
		.prepare("SELECT seq, hash, key_id AS keyId, signature FROM head")
		.get() as unknown as SignedHead | undefined;
	return head ?? null;
}

function fileId(path: string): string {
	const { dev, ino } = statSync(path, { bigint: true });
	return `${dev}:${ino}`;
}
