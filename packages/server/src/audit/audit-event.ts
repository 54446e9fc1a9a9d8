// What the audit log keeps of an event in the life of a model or of the server, and its text: that is what is hashed,
// and what is stored.

/** Who brought it about. */
export type Actor =
	/**
	 * `start`: the options; `poll`, `watch`: what became of the files; `demand`: the first request for a model; `budget`:
	 * another model that needed the memory; `server`: the server itself.
	 */
	| {
			readonly by: "start" | "poll" | "watch" | "demand" | "budget" | "server";
	  }
	/** A client, and with what right, e.g. `http 10.0.0.7:51544, with the admin token`. */
	| { readonly by: "api"; readonly caller: string };

export type AuditAction =
	| "server-started"
	| "server-stopped"
	| "load"
	| "unload"
	| "swap"
	| "rollback"
	| "evict"
	/** The memory of a version that left was given back. */
	| "release"
	/** Events that are missing here, because the disk did not take them. */
	| "events-lost"
	/** The oldest events were dropped to make room. */
	| "audit-rotated"
	/** The log was not as it was left. */
	| "audit-tampered";

export interface VersionFact {
	readonly version: number;
	/** Names the content of its files, `sha256:…`; null: it was not taken. */
	readonly digest: string | null;
}

export interface AuditEvent {
	readonly what: AuditAction;
	readonly who: Actor;
	/** Empty: the server's. */
	readonly model: string;
	/** In service before, and after. */
	readonly from: readonly VersionFact[];
	readonly to: readonly VersionFact[];
	readonly result: "ok" | "failed";
	/** Why it failed, or what else there is to say. */
	readonly detail: string;
	readonly durationsMs: Readonly<Record<string, number>>;
}

/** An event as it is read back. */
export interface RecordedEvent extends AuditEvent {
	/** Wall-clock time, in ms since 1970. */
	readonly atMs: number;
	/** Which of the servers that share the log. */
	readonly pid: number;
}

const MAX_TEXT = 1000;
const MAX_VERSIONS = 64;

/** Bounded, whatever a client or a library put into it. */
export function toBody(event: AuditEvent, atMs: number): string {
	const { what, who, model, from, to, result, detail, durationsMs } = event;
	return JSON.stringify({
		atMs,
		pid: process.pid,
		what,
		who: who.by === "api" ? { ...who, caller: cut(who.caller) } : who,
		model: cut(model),
		from: from.slice(0, MAX_VERSIONS),
		to: to.slice(0, MAX_VERSIONS),
		result,
		detail: cut(detail),
		durationsMs,
	});
}

/** Null for a text that is no event: nobody vouches for what a changed row holds. */
export function fromBody(body: string): RecordedEvent | null {
	try {
		const event: unknown = JSON.parse(body);
		return isRecorded(event) ? event : null;
	} catch {
		return null;
	}
}

/** An event of the log about itself. */
export function logEvent(what: AuditAction, detail: string): AuditEvent {
	return {
		what,
		who: { by: "server" },
		model: "",
		from: [],
		to: [],
		result: what === "audit-rotated" ? "ok" : "failed",
		detail,
		durationsMs: {},
	};
}

function isRecorded(event: unknown): event is RecordedEvent {
	if (typeof event !== "object" || event === null) return false;
	const { atMs, what, who, model, from, to, result, detail } =
		event as Partial<RecordedEvent>;
	return (
		typeof atMs === "number" &&
		typeof what === "string" &&
		typeof who?.by === "string" &&
		typeof model === "string" &&
		Array.isArray(from) &&
		Array.isArray(to) &&
		typeof result === "string" &&
		typeof detail === "string"
	);
}

function cut(text: string): string {
	return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`;
}
