// GET / and what belongs to it: the console's files, as they were built. The policy lets no script run but the page's
// own, and nothing be asked of any other machine: what a client could name can be shown, never run.
import type { CallContext, UnaryEndpoint } from "../../endpoint/endpoint.ts";
import type {
	ConsoleFile,
	ConsoleFileRequest,
} from "../../endpoint/endpoints.ts";
import { refuseWith } from "./answer.ts";
import type { AnswerHeaders, Exchange } from "./exchange.ts";

const NOTHING = new Uint8Array(0);

const POLICY = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"font-src 'self'",
	"img-src 'self' blob: data:",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'",
	"trusted-types 'none'",
].join("; ");

const PAGE_HEADERS: AnswerHeaders = {
	"content-security-policy": POLICY,
	"x-content-type-options": "nosniff",
	"referrer-policy": "no-referrer",
	"cross-origin-opener-policy": "same-origin",
	"cross-origin-resource-policy": "same-origin",
};

export async function answerConsoleFile(
	endpoint: UnaryEndpoint<ConsoleFileRequest, ConsoleFile | null>,
	context: CallContext,
	exchange: Exchange,
): Promise<void> {
	const path = exchange.target.split("?", 1)[0] ?? "/";
	const codings = codingsOf(exchange.header("accept-encoding"));
	const file = await endpoint.run(context, { path, codings });
	if (file === null) {
		if (path === "/") exchange.answer(503, NOT_BUILT_HEADERS, NOT_BUILT);
		else refuseWith(exchange, 404, "Not Found", 0);
		return;
	}
	const headers: AnswerHeaders = {
		...PAGE_HEADERS,
		etag: file.etag,
		vary: "accept-encoding",
		"cache-control": file.isImmutable
			? "public, max-age=31536000, immutable"
			: "no-cache",
	};
	if (exchange.header("if-none-match") === file.etag) {
		exchange.answer(304, headers, NOTHING);
		return;
	}
	exchange.answer(
		200,
		{
			...headers,
			"content-type": file.type,
			...(file.coding !== null && { "content-encoding": file.coding }),
		},
		file.bytes,
	);
}

const NOT_BUILT_HEADERS: AnswerHeaders = {
	...PAGE_HEADERS,
	"content-type": "text/plain; charset=utf-8",
	"cache-control": "no-store",
};
const NOT_BUILT = Buffer.from(
	"The console is not built: `npm run setup` in the checkout builds it. Everything else is served.\n",
);

/** Those that are not refused by a weight of 0. */
function codingsOf(header: string | undefined): string[] {
	return (header ?? "").split(",").flatMap((part) => {
		const [name = "", ...parameters] = part.trim().toLowerCase().split(";");
		const isRefused = parameters.some((text) =>
			/^\s*q=0(\.0*)?\s*$/.test(text),
		);
		return isRefused ? [] : [name.trim()];
	});
}
