// Heads as they come and as attackers write them, for properties.
import fc from "fast-check";

const METHODS = ["GET", "POST", "HEAD", "PUT", "get", "GETT", "", " GET"];
const TARGETS = [
	"/v2/health/live",
	"/v2/models/m/infer?a=b",
	"/",
	"*",
	"http://a/v2",
	"/a b",
	"/#x",
	"/\x7f",
	"/é",
	"//",
];
const VERSIONS = ["HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "http/1.1", "HTTP/1.1 "];
const LINES = [
	"Host: localhost",
	"host:localhost",
	"Accept: \t*/* \t",
	"X-Empty:",
	"X-Empty: ",
	"Content-Length: 3",
	"content-length: 3",
	"Content-Length: 0",
	"Content-Length: 03",
	"Content-Length: +3",
	"Content-Length: 3, 3",
	"Content-Length: 3 3",
	"Content-Length: 0x3",
	"Content-Length:",
	"Content-Length: 99999999999999999999",
	"Content-Length : 3",
	" Content-Length: 3",
	"Transfer-Encoding: chunked",
	"Transfer-Encoding: identity",
	"Transfer-Encoding : chunked",
	"Transfer_Encoding: chunked",
	"X: a\r\n folded",
	"X: a\nTransfer-Encoding: chunked",
	"X: a\rb",
	"X: a\0b",
	"X: \x80\xff",
	"X\x80: a",
	"no colon",
	": no name",
	"Connection: close",
	"Connection: Keep-Alive",
	"Connection: upgrade",
	"Connection: close, keep-alive",
	"Proxy-Connection: close",
	"Upgrade: h2c",
	"Expect: 100-continue",
	"Expect: 200-ok",
	"__proto__: x",
	"constructor: x",
	"Cookie: a=b",
];
const LINE_ENDS = ["\r\n", "\n", "\r", "\r\r\n"];

/** Mostly right: a head whose every part is odd teaches little. */
function mostly<T>(right: T, others: readonly T[]): fc.Arbitrary<T> {
	return fc.oneof(
		{ weight: 8, arbitrary: fc.constant(right) },
		{ weight: 1, arbitrary: fc.constantFrom(...others) },
	);
}

const parts = fc.record({
	method: fc.oneof(mostly("GET", METHODS), mostly("POST", METHODS)),
	target: mostly("/v2/health/live", TARGETS),
	version: mostly("HTTP/1.1", VERSIONS),
	gap: mostly(" ", ["  ", "\t", ""]),
	lines: fc.array(fc.constantFrom(...LINES), { maxLength: 5 }),
	lineEnd: mostly("\r\n", LINE_ENDS),
	headEnd: mostly("\r\n\r\n", ["\n\n", "\r\n\n", "\n\r\n", "\r\n\r\r\n"]),
});

/** What is done to the text after that: nothing, or one byte put somewhere. */
const damage = fc.option(
	fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }),
	{ freq: 3, nil: null },
);

/** Latin-1 text of a head. */
export const arbitraryHead: fc.Arbitrary<string> = fc
	.tuple(parts, damage)
	.map(([part, damaged]) => {
		const { method, target, version, gap, lines, lineEnd, headEnd } = part;
		const first = `${method}${gap}${target}${gap}${version}`;
		const text = [first, ...lines].join(lineEnd) + headEnd;
		if (damaged === null) return text;
		const at = damaged.at % (text.length + 1);
		return `${text.slice(0, at)}${String.fromCharCode(damaged.byte)}${text.slice(at)}`;
	});

export const arbitraryCuts: fc.Arbitrary<number[]> = fc.array(
	fc.nat({ max: 300 }),
	{ maxLength: 8 },
);
