// The server's audit log: what it is told, how it sounds its alarms, and what it counts.
import { readFileSync } from "node:fs";
import { type AuditEvent, logEvent } from "../../audit/audit-event.ts";
import { AuditLog } from "../../audit/audit-log.ts";
import { HeadTeller } from "../../audit/head-teller.ts";
import type { Clock } from "../../common/clock.ts";
import { readSigningKey } from "../../common/ed25519.ts";
import type { ServerOptions } from "../../config/options.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { Inspector } from "../../repository/watch/inspector.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { MetricsRegistry } from "../../telemetry/registry.ts";
import { auditFile } from "../state-folder.ts";
import { AuditFeed, type AuditFeedOptions } from "./audit-feed.ts";

export interface AuditParts {
	readonly clock: Clock;
	readonly log: Logger;
	readonly metrics: MetricsRegistry | null;
	readonly directoryOf: AuditFeedOptions["directoryOf"];
}

export class Audit {
	/** What it is told of models and of the server. */
	readonly feed: AuditFeed;
	readonly #log: AuditLog;
	readonly #heads: HeadTeller;

	/** Throws INVALID_ARGUMENT for a key that is none. */
	constructor(
		options: ServerOptions,
		{ clock, log, metrics, directoryOf }: AuditParts,
	) {
		this.#heads = tellHeads(clock, log);
		this.#log = createLog(options, clock, log, this.#heads);
		if (metrics !== null) collectMetrics(metrics, this.#log);
		this.feed = new AuditFeed({
			log: this.#log,
			openInspector: () => new Inspector(),
			directoryOf,
			nowMs: Date.now,
		});
	}

	/** The server is open: threads for it may start. */
	open(): void {
		this.feed.open();
		this.#log.begin();
	}

	/** Writes what waits. */
	async close(): Promise<void> {
		await this.feed.close();
		await this.#log.close();
		this.#heads.close();
	}
}

function tellHeads(clock: Clock, log: Logger): HeadTeller {
	return new HeadTeller({
		clock,
		tell: ({ seq, hash, keyId, signature }) =>
			log.info(
				{
					auditSeq: seq,
					auditHash: hash,
					...(signature !== "" && {
						auditKey: keyId,
						auditSignature: signature,
					}),
				},
				"audit log",
			),
	});
}

function createLog(
	options: ServerOptions,
	clock: Clock,
	log: Logger,
	heads: HeadTeller,
): AuditLog {
	return new AuditLog({
		path: auditFile(options.stateDir),
		maxEvents: options.auditMaxEvents,
		keyPem: readKey(options.auditKey),
		clock,
		nowMs: Date.now,
		listener: {
			headChanged: (head) => heads.headChanged(head),
			tampered: (text) =>
				log.error(
					{},
					`the audit log was changed by somebody else: ${text}; see saccade models history --verify`,
				),
			failed: (text) =>
				log.error(
					{},
					`the audit log cannot be written: ${text}; events wait, and are tried again`,
				),
			recovered: () => log.info({}, "the audit log is written again"),
		},
	});
}

/** An event in the life of the server. */
export function serverEvent(
	what: "server-started" | "server-stopped",
	detail: string,
): AuditEvent {
	return { ...logEvent(what, detail), result: "ok" };
}

function collectMetrics(registry: MetricsRegistry, log: AuditLog): void {
	const written = registry.counter(INSTRUMENTS.auditEvents, []);
	const waiting = registry.counter(INSTRUMENTS.auditWaiting, []);
	const lost = registry.counter(INSTRUMENTS.auditLost, []);
	const failures = registry.counter(INSTRUMENTS.auditFailures, []);
	const tampered = registry.counter(INSTRUMENTS.auditTampered, []);
	registry.onCollect(() => {
		const status = log.status();
		written.value = status.writtenCount;
		waiting.value = status.waitingCount;
		lost.value = status.lostCount;
		failures.value = status.failureCount;
		tampered.value = status.tamperCount;
	});
}

function readKey(file: string): string {
	if (file === "") return "";
	let pem: string;
	try {
		pem = readFileSync(file, "utf8");
	} catch (error) {
		const text = error instanceof Error ? error.message : String(error);
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`the key of --audit-key cannot be read: ${text}`,
		);
	}
	const key = readSigningKey(pem);
	if (key.ok) return pem;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`--audit-key ${file}: ${key.problem}`,
	);
}
