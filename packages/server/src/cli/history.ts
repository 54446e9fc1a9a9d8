// `saccade models history`: what became of models, from the audit log of this machine, and whether that log is whole.
import { existsSync, readFileSync } from "node:fs";
import { auditFile } from "../app/state-folder.ts";
import {
	type Actor,
	fromBody,
	type RecordedEvent,
	type VersionFact,
} from "../audit/audit-event.ts";
import { openAuditLog } from "../audit/audit-store.ts";
import { type AuditRow, toHex } from "../audit/chain.ts";
import { readToldHeads } from "../audit/told-heads.ts";
import { type Verdict, verifyChain } from "../audit/verify-chain.ts";
import { readVerifyKey, type VerifyKey } from "../common/ed25519.ts";
import { stateDirOf } from "../config/resolve.ts";
import { formatTable } from "./table.ts";
import { UsageError } from "./usage-error.ts";

export interface HistoryFlags {
	readonly stateDir?: string;
	readonly verify?: boolean;
	readonly key?: readonly string[];
	readonly log?: string;
	readonly last: string;
	readonly json?: boolean;
}

type Event = RecordedEvent & { readonly seq: number; readonly hash: string };

const STANDARD_INPUT = 0;
const DIGEST_DIGITS = 12;

/** Ends with 1 when the log was asked to be verified and is not whole. */
export async function history(
	model: string | undefined,
	flags: HistoryFlags,
): Promise<void> {
	const path = auditFile(flags.stateDir ?? stateDirOf(process.env));
	const last = Number(flags.last);
	if (!Number.isInteger(last) || last < 1)
		throw new UsageError(`--last ${flags.last}: a count from 1 on is needed`);
	const isVerifying =
		flags.verify === true || flags.key !== undefined || flags.log !== undefined;
	if (!existsSync(path))
		throw new Error(
			`there is no audit log at ${path}; name the server's --state-dir`,
		);
	const log = openAuditLog(path);
	try {
		const events = eventsOf(log.rows(), model, last);
		const verdict = isVerifying
			? verifyChain(() => log.rows(), {
					head: log.head(),
					keys: (flags.key ?? []).map(readKey),
					toldHeads: flags.log === undefined ? [] : toldIn(flags.log),
				})
			: null;
		print(events, verdict, flags.json === true);
		if (verdict !== null && verdict.problems.length > 0) process.exitCode = 1;
	} finally {
		log.close();
	}
}

function eventsOf(
	rows: Iterable<AuditRow>,
	model: string | undefined,
	last: number,
): Event[] {
	const events: Event[] = [];
	for (const { seq, body, hash } of rows) {
		const event = fromBody(body);
		if (event === null || (model !== undefined && event.model !== model))
			continue;
		events.push({ seq, hash: toHex(hash), ...event });
		if (events.length > last) events.shift();
	}
	return events;
}

function print(
	events: readonly Event[],
	verdict: Verdict | null,
	asJson: boolean,
): void {
	if (asJson) {
		const verified = verdict === null ? null : verdictJson(verdict);
		console.log(JSON.stringify({ events, verified }, null, 2));
		return;
	}
	const heading = ["", "time", "model", "what", "from", "to", "who", "result"];
	console.log(formatTable([heading, ...events.map(toCells)]));
	if (verdict !== null) console.log(`\n${verdictText(verdict)}`);
}

function toCells(event: Event): string[] {
	const { seq, atMs, model, what, from, to, who, result, detail } = event;
	const totalMs = event.durationsMs["total"];
	return [
		String(seq),
		new Date(atMs).toISOString(),
		model,
		what,
		versionsOf(from),
		versionsOf(to),
		actorOf(who),
		[
			result,
			totalMs === undefined ? "" : `in ${Math.round(totalMs)} ms`,
			detail,
		]
			.filter((part) => part !== "")
			.join(" "),
	].map(printable);
}

/** What a client or a changed row put into a text must not speak to the terminal. */
function printable(text: string): string {
	return text.replace(/\p{Cc}/gu, " ");
}

function versionsOf(versions: readonly VersionFact[]): string {
	return versions
		.map(({ version, digest }) =>
			digest === null
				? String(version)
				: `${version} ${digest.replace("sha256:", "").slice(0, DIGEST_DIGITS)}`,
		)
		.join(", ");
}

function actorOf(who: Actor): string {
	return who.by === "api" ? `api ${who.caller}` : who.by;
}

function verdictJson({ eventCount, head, signedBy, problems }: Verdict) {
	return {
		whole: problems.length === 0,
		events: eventCount,
		head: { seq: head.seq, hash: toHex(head.hash) },
		signedBy,
		problems,
	};
}

function verdictText({
	eventCount,
	head,
	signedBy,
	problems,
}: Verdict): string {
	if (problems.length > 0)
		return `The log is NOT whole:\n${problems.map((text) => `  ${text}`).join("\n")}`;
	const signed =
		signedBy === ""
			? "Its signature was not checked: give --key."
			: `Signed by key ${signedBy}.`;
	return `The log is whole: ${eventCount} events, the last is ${head.seq} with hash ${toHex(head.hash)}. ${signed}`;
}

function readKey(file: string): VerifyKey {
	const read = readVerifyKey(readFileSync(file, "utf8"));
	if (read.ok) return read.value;
	throw new UsageError(`--key ${file}: ${read.problem}`);
}

function toldIn(file: string) {
	const text = readFileSync(file === "-" ? STANDARD_INPUT : file, "utf8");
	const heads = readToldHeads(text);
	if (heads.length > 0) return heads;
	throw new UsageError(
		`--log ${file}: no line says where the audit log ended (they have auditSeq and auditHash)`,
	);
}
