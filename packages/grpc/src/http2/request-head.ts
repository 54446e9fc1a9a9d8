// Header list → request head, with the rules for requests of RFC 9113, 8.2 and 8.3. A violation makes the request
// malformed: its stream ends with PROTOCOL_ERROR, the connection goes on.

export interface RequestHead {
	readonly method: string;
	readonly path: string;
	/** Name, value, … of the regular fields, in arrival order, lower case. */
	readonly fields: readonly string[];
	/** −1 when absent. */
	readonly contentLength: number;
	/** Slot of whoever accepts requests: what it worked out for this head, which may come again and again. */
	plan: unknown;
}

export type ParsedHead =
	| { readonly ok: true; readonly head: RequestHead }
	| { readonly ok: false; readonly reason: string };

const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
	"connection",
	"keep-alive",
	"proxy-connection",
	"transfer-encoding",
	"upgrade",
]);
const PSEUDO: ReadonlySet<string> = new Set([
	":method",
	":scheme",
	":path",
	":authority",
]);
// tchar of RFC 9110 without upper case letters.
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// NUL, CR and LF could smuggle a second field through a hop that speaks HTTP/1.1.
const FORBIDDEN_IN_VALUE = /[\0\r\n]/;

/** Parses the first header list of a stream. */
export function parseRequestHead(list: readonly string[]): ParsedHead {
	const pseudo = new Map<string, string>();
	let at = 0;
	for (; at < list.length && list[at]!.startsWith(":"); at += 2) {
		const name = list[at]!;
		if (!PSEUDO.has(name)) return malformed(`pseudo-header ${name}`);
		if (pseudo.has(name)) return malformed(`${name} appears twice`);
		pseudo.set(name, list[at + 1]!);
	}
	const fields = list.slice(at);
	const problem = fieldsProblem(fields);
	if (problem !== null) return malformed(problem);
	const method = pseudo.get(":method");
	const path = pseudo.get(":path");
	if (!method || !path || !pseudo.get(":scheme"))
		return malformed(":method, :scheme or :path is absent or empty");
	const contentLength = parseContentLength(fields);
	if (contentLength === null) return malformed("content-length");
	return {
		ok: true,
		head: { method, path, fields, contentLength, plan: null },
	};
}

/** Names that nearly every gRPC request has. */
const USUAL_NAMES: ReadonlySet<string> = new Set([
	"content-type",
	"user-agent",
	"grpc-accept-encoding",
	"grpc-timeout",
	"accept-encoding",
	"content-length",
]);

/** Null when `fields` may stand in a request or in its trailers. */
export function fieldsProblem(fields: readonly string[]): string | null {
	for (let at = 0; at < fields.length; at += 2) {
		const name = fields[at]!;
		const value = fields[at + 1]!;
		if (FORBIDDEN_IN_VALUE.test(value)) return `value of ${name}`;
		if (USUAL_NAMES.has(name)) continue;
		if (!FIELD_NAME.test(name)) return `field name "${name.slice(0, 64)}"`;
		if (CONNECTION_FIELDS.has(name)) return `connection field ${name}`;
		if (name === "te" && value !== "trailers") return "te is not trailers";
	}
	return null;
}

function parseContentLength(fields: readonly string[]): number | null {
	let length = -1;
	for (let at = 0; at < fields.length; at += 2) {
		if (fields[at] !== "content-length") continue;
		const value = fields[at + 1]!;
		if (!/^\d{1,15}$/.test(value)) return null;
		if (length !== -1 && length !== Number(value)) return null;
		length = Number(value);
	}
	return length;
}

function malformed(reason: string): ParsedHead {
	return { ok: false, reason };
}
