// `saccade record`: asks a running server to record, shows how far it is, and ends it with Ctrl-C or at a limit.
import { copyFile, readFile } from "node:fs/promises";
import { setTimeout as after } from "node:timers/promises";
import { z } from "zod";
import { UsageError } from "./usage-error.ts";

export interface RecordFlags {
	readonly url: string;
	readonly name?: string;
	readonly seconds?: string;
	readonly maxSize?: string;
	readonly out?: string;
	readonly tokenFile?: string;
	readonly json?: boolean;
}

const answerSchema = z.object({
	recording: z.object({
		state: z.enum(["opening", "recording", "ending", "ended"]),
		path: z.string(),
		file_bytes: z.number(),
		messages: z.number(),
		dropped: z.number(),
		seconds: z.number(),
		problem: z.string().nullable(),
	}),
});
type Recording = z.infer<typeof answerSchema>["recording"];
type Ask = (
	method: "GET" | "POST",
	path: string,
	body?: object,
) => Promise<Recording>;

const PATH = "/saccade/v1/recordings";
/** How often a person looks. */
const PROGRESS_MS = 1000;

export async function record(flags: RecordFlags): Promise<void> {
	const ask = await askerOf(flags);
	const began = await ask("POST", PATH, {
		...(flags.name !== undefined && { name: flags.name }),
		max_seconds: limitOf("--seconds", flags.seconds),
		max_bytes: limitOf("--max-size", flags.maxSize),
	});
	if (flags.json !== true)
		console.log(`recording to ${began.path}; Ctrl-C ends it`);
	const interrupted = new AbortController();
	const interrupt = () => interrupted.abort();
	process.once("SIGINT", interrupt);
	process.once("SIGTERM", interrupt);
	const ended = await untilEnded(ask, began, interrupted.signal, flags);
	process.removeListener("SIGINT", interrupt);
	process.removeListener("SIGTERM", interrupt);
	if (flags.out !== undefined) await copyFile(ended.path, flags.out);
	if (flags.json === true) console.log(JSON.stringify(ended));
	else console.log(`${progressOf(ended)}\n${flags.out ?? ended.path}`);
	const isLimit = ended.problem?.includes("its limit") === true;
	if (ended.problem !== null && !isLimit) throw new Error(ended.problem);
}

async function untilEnded(
	ask: Ask,
	began: Recording,
	signal: AbortSignal,
	flags: RecordFlags,
): Promise<Recording> {
	let now = began;
	while (now.state !== "ended") {
		try {
			await after(PROGRESS_MS, undefined, { signal });
		} catch {
			return ask("POST", `${PATH}/stop`);
		}
		now = await ask("GET", PATH);
		if (now.path !== began.path)
			throw new Error(`the server records to ${now.path} meanwhile`);
		if (flags.json !== true && process.stdout.isTTY)
			process.stdout.write(`\r${progressOf(now)} `);
	}
	return now;
}

async function askerOf({ url, tokenFile }: RecordFlags): Promise<Ask> {
	const base = url.includes("://") ? url : `http://${url}`;
	if (!URL.canParse(base))
		throw new UsageError(`--url is host:port, got '${url}'`);
	const token =
		tokenFile === undefined ? null : (await readFile(tokenFile, "utf8")).trim();
	return async (method, path, body) => {
		const response = await fetch(new URL(path, base), {
			method,
			headers: {
				"content-type": "application/json",
				...(token !== null && { authorization: `Bearer ${token}` }),
			},
			...(body !== undefined && { body: JSON.stringify(body) }),
		}).catch((error: unknown) => {
			const cause = error instanceof Error ? error.cause : null;
			const why = cause instanceof Error ? cause.message : String(error);
			throw new Error(`no answer from ${url}: ${why}`);
		});
		const answer: unknown = await response.json();
		if (response.ok) return answerSchema.parse(answer).recording;
		const { error } = z.object({ error: z.string() }).parse(answer);
		throw new Error(error);
	};
}

function limitOf(flag: string, text: string | undefined): number {
	const limit = text === undefined ? 0 : Number(text);
	if (limit >= 0) return limit;
	throw new UsageError(`${flag} is a number >= 0, got '${text}'`);
}

function progressOf(now: Recording): string {
	const megabytes = (now.file_bytes / 1e6).toFixed(1);
	const lost = now.dropped === 0 ? "" : `, ${now.dropped} DROPPED`;
	const why = now.problem === null ? "" : `; ended: ${now.problem}`;
	return `${now.seconds.toFixed(0)} s, ${now.messages} messages, ${megabytes} MB${lost}${why}`;
}
