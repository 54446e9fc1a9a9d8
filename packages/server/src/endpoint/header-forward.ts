// Triton's `--{http,grpc}-header-forward-pattern`: headers whose whole name matches, in any case, go with an inference
// as parameters of that name. They are data for whoever reads parameters; none has a meaning to the server itself.
//
// A pattern comes from the operator, never from a request. Names come from requests, so what could take exponential
// time on a hostile one is refused at start, and long names are not looked at. Look-around and back-references, which
// RE2 lacks, are refused too.
import type { Parameters } from "../service/inference.ts";
import type { OpenMiddleware } from "./middleware.ts";

const MAX_NAME_LENGTH = 128;
/** Forwarded headers of one request, as its other parameters. */
const MAX_FORWARDED_COUNT = 1000;

/** Why the pattern cannot be used; null when it can. */
export function headerPatternProblem(pattern: string): string | null {
	try {
		// By itself: within a group a stray bracket would pass.
		new RegExp(pattern);
	} catch (error) {
		return `'${pattern}' is no regular expression: ${(error as Error).message}`;
	}
	return complexityProblem(pattern);
}

export interface ForwardPatterns {
	/** Empty: nothing is forwarded. */
	readonly http: string;
	readonly grpc: string;
}

/** Adds the headers to the context of an inference. The patterns have no `headerPatternProblem`. */
export function withForwardedHeaders(
	patterns: ForwardPatterns,
): OpenMiddleware {
	if (patterns.http === "" && patterns.grpc === "") return (next) => next;
	const compiled = {
		http: patterns.http === "" ? null : compile(patterns.http),
		grpc: patterns.grpc === "" ? null : compile(patterns.grpc),
	};
	return (next) => (head) => {
		const opened = next(head);
		const pattern = compiled[head.transport];
		if (!opened.ok || pattern === null || head.operation !== "infer")
			return opened;
		const forwarded = matching(head.headers(), pattern);
		if (forwarded === null) return opened;
		return { ok: true, context: { ...opened.context, forwarded } };
	};
}

function compile(pattern: string): RegExp {
	return new RegExp(`^(?:${pattern})$`, "i");
}

function matching(
	headers: Iterable<readonly [name: string, value: string]>,
	pattern: RegExp,
): Parameters | null {
	const found = new Map<string, string>();
	for (const [name, value] of headers) {
		if (name.length > MAX_NAME_LENGTH || !pattern.test(name)) continue;
		if (found.size === MAX_FORWARDED_COUNT) break;
		found.set(name, value);
	}
	return found.size === 0 ? null : found;
}

/** A repetition of what itself repeats or chooses may be matched in exponentially many ways. */
function complexityProblem(pattern: string): string | null {
	if (/\\[1-9k]|\(\?<?[=!]/.test(pattern))
		return "back-references and look-around are not supported";
	// Whether each open group holds a repetition or a choice.
	const groups = [false];
	for (const [token] of pattern.matchAll(TOKEN)) {
		if (token === "(") groups.push(false);
		else if (token.startsWith(")")) {
			const isVaried = groups.pop() ?? false;
			const isRepeated = /[*+{]$/.test(token);
			if (isVaried && isRepeated)
				return "a group that repeats or chooses may not be repeated itself";
			groups.push((groups.pop() ?? false) || isVaried || isRepeated);
		} else if (/^[*+{|]$/.test(token)) groups.splice(-1, 1, true);
	}
	return null;
}

/** Escapes and classes are one token, a group's end takes its quantifier with it. */
const TOKEN = /\\.|\[(?:\\.|[^\]\\])*\]|\)[*+{]?|./gs;
