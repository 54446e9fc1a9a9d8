// What a scanned head says, or that it says something for node:http: everything that two readers may understand
// differently (a length twice, a length beside chunks), and everything that is rare (chunks, upgrades).

export interface Head {
	readonly method: "GET" | "POST";
	readonly target: string;
	readonly headerCount: number;
	/** By lower-case name, without the blanks around the value; no name comes twice. */
	readonly headers: ReadonlyMap<string, string>;
	/** 0 without a body. */
	readonly bodyBytes: number;
	readonly keepsAlive: boolean;
	readonly awaitsContinue: boolean;
}

/** All of a head as `HeadScanner` found it, with its empty line; null: node:http shall read it. */
export function parseHead(
	bytes: Buffer,
	start: number,
	end: number,
): Head | null {
	const text = bytes.toString("latin1", start, end - CRLF.length);
	const methodEnd = text.indexOf(" ");
	const targetEnd = text.indexOf(" ", methodEnd + 1);
	const headers = parseFields(text, text.indexOf(CRLF) + CRLF.length);
	if (headers === null) return null;
	for (const name of FOREIGN_NAMES) if (headers.has(name)) return null;
	const bodyBytes = lengthOf(headers.get("content-length"));
	const keepsAlive = keptAlive(headers.get("connection"));
	const awaitsContinue = continueAwaited(headers.get("expect"));
	if (bodyBytes === null || keepsAlive === null || awaitsContinue === null)
		return null;
	return {
		method: methodEnd === 3 ? "GET" : "POST",
		target: text.slice(methodEnd + 1, targetEnd),
		headerCount: headers.size,
		headers,
		bodyBytes,
		keepsAlive,
		awaitsContinue,
	};
}

const CRLF = "\r\n";
/** `Proxy-Connection` is read as `Connection` by some. */
const FOREIGN_NAMES = ["transfer-encoding", "upgrade", "proxy-connection"];

function parseFields(text: string, start: number): Map<string, string> | null {
	const fields = new Map<string, string>();
	let at = start;
	while (at < text.length) {
		const colon = text.indexOf(":", at);
		const lineEnd = text.indexOf(CRLF, colon);
		const name = text.slice(at, colon).toLowerCase();
		if (fields.has(name)) return null;
		fields.set(name, withoutBlanks(text, colon + 1, lineEnd));
		at = lineEnd + CRLF.length;
	}
	return fields;
}

/** Not `trim`, which takes more than blanks. */
function withoutBlanks(text: string, start: number, end: number): string {
	let from = start;
	let to = end;
	while (from < to && isBlank(text.charCodeAt(from))) from++;
	while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
	return text.slice(from, to);
}

function isBlank(code: number): boolean {
	return code === 0x20 || code === 0x09;
}

function lengthOf(text: string | undefined): number | null {
	if (text === undefined) return 0;
	return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function keptAlive(text: string | undefined): boolean | null {
	switch (text?.toLowerCase()) {
		case undefined:
		case "keep-alive":
			return true;
		case "close":
			return false;
		default:
			return null;
	}
}

function continueAwaited(text: string | undefined): boolean | null {
	if (text === undefined) return false;
	return text.toLowerCase() === "100-continue" ? true : null;
}
