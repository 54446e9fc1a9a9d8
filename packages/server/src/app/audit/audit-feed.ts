// From what becomes of models to the audit log, in order. Loads that nobody hashed (control modes `none` and `explicit`)
// get their digests here, beside everything else and after the ports are open; one counts only if none of the model's
// files is younger than its load, so that what is named is what was loaded.
import type { AuditEvent, VersionFact } from "../../audit/audit-event.ts";
import type { AuditLog } from "../../audit/audit-log.ts";
import type { SwapListener } from "../../models/swap-events.ts";
import type { Inspector } from "../../repository/watch/inspector.ts";
import { auditEventOf } from "./audit-events.ts";

export interface AuditFeedOptions {
	readonly log: Pick<AuditLog, "append">;
	/** Its thread takes tens of MB: it ends when nothing is left to read. */
	readonly openInspector: () => Pick<Inspector, "ask" | "close">;
	/** Null: it is nowhere. */
	readonly directoryOf: (model: string) => Promise<string | null>;
	/** Wall-clock time in ms since 1970, as files have it. */
	readonly nowMs: () => number;
}

interface Waiting {
	readonly event: AuditEvent;
	readonly atMs: number;
	/** When what it tells of was asked for. */
	readonly sinceMs: number;
}

/** Times of files come from a clock that ticks every 1 to 10 ms. */
const CLOCK_STEP_MS = 20;
/** Versions whose digest is known, for when they leave. */
const MAX_KNOWN = 10_000;

export class AuditFeed {
	readonly #options: AuditFeedOptions;
	readonly #begunMs = new Map<number, number>();
	readonly #known = new Map<string, string>();
	#waiting: Waiting[] = [];
	#isOpen = false;
	#isClosed = false;
	#pumping: Promise<void> | null = null;
	#inspector: ReturnType<AuditFeedOptions["openInspector"]> | null = null;

	constructor(options: AuditFeedOptions) {
		this.#options = options;
	}

	readonly listener: SwapListener = (event) => {
		const { id } = event.swap;
		const nowMs = this.#options.nowMs();
		if (event.kind === "begun") this.#begunMs.set(id, nowMs);
		const told = auditEventOf(event);
		if (told !== null)
			this.#add({
				event: told,
				atMs: nowMs,
				sinceMs: this.#begunMs.get(id) ?? nowMs,
			});
		if (event.kind === "ended") this.#begunMs.delete(id);
	};

	append(event: AuditEvent): void {
		const nowMs = this.#options.nowMs();
		this.#add({ event, atMs: nowMs, sinceMs: nowMs });
	}

	/** From now on files may be read. */
	open(): void {
		this.#isOpen = true;
		this.#pump();
	}

	/** What waits goes as it is. */
	async close(): Promise<void> {
		this.#isClosed = true;
		// A file that is being read is not waited for.
		await this.#dropInspector();
		this.open();
		await this.#pumping;
	}

	#add(waiting: Waiting): void {
		this.#waiting.push(waiting);
		this.#pump();
	}

	#pump(): void {
		if (!this.#isOpen) return;
		this.#pumping ??= this.#drain().finally(() => {
			this.#pumping = null;
			if (this.#waiting.length > 0) this.#pump();
		});
	}

	async #drain(): Promise<void> {
		for (;;) {
			const next = this.#waiting.shift();
			if (next === undefined) {
				await this.#dropInspector();
				if (this.#waiting.length === 0) return;
				continue;
			}
			const event = await this.#named(next);
			this.#options.log.append(event, next.atMs);
		}
	}

	async #dropInspector(): Promise<void> {
		const inspector = this.#inspector;
		this.#inspector = null;
		await inspector?.close();
	}

	async #named({ event, sinceMs }: Waiting): Promise<AuditEvent> {
		const { model } = event;
		const isMissing =
			event.result === "ok" && event.to.some(({ digest }) => digest === null);
		const digests =
			isMissing && !this.#isClosed
				? await this.#digestsOf(model, sinceMs).catch(() => null)
				: null;
		const named = (fact: VersionFact): VersionFact => ({
			...fact,
			digest: fact.digest ?? digests?.get(fact.version) ?? null,
		});
		const before = (fact: VersionFact): VersionFact => ({
			...fact,
			digest:
				fact.digest ?? this.#known.get(`${model}/${fact.version}`) ?? null,
		});
		const from = event.from.map(before);
		const to = event.to.map(named);
		if (event.result === "ok") this.#remember(model, to);
		return { ...event, from, to };
	}

	/** Null: files changed since. */
	async #digestsOf(
		model: string,
		sinceMs: number,
	): Promise<ReadonlyMap<number, string> | null> {
		const { directoryOf, openInspector } = this.#options;
		const directory = await directoryOf(model);
		if (directory === null || this.#isClosed) return null;
		this.#inspector ??= openInspector();
		const content = await this.#inspector.ask("content", directory);
		if (content === null || !content.isStill) return null;
		const isOlder = content.files.every(
			({ stamp }) => changedMs(stamp) < sinceMs - CLOCK_STEP_MS,
		);
		return isOlder && content.problems.length === 0 ? content.digests : null;
	}

	#remember(model: string, versions: readonly VersionFact[]): void {
		if (this.#known.size > MAX_KNOWN) this.#known.clear();
		for (const { version, digest } of versions) {
			const key = `${model}/${version}`;
			// Another content than before, which nobody knows.
			if (digest === null) this.#known.delete(key);
			else this.#known.set(key, digest);
		}
	}
}

/** The last part of a file's stamp is when its content, rights or name changed, in ns: no user can set it. */
function changedMs(stamp: string): number {
	return Number(stamp.slice(stamp.lastIndexOf(" ") + 1)) / 1e6;
}
