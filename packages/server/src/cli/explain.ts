// `saccade explain`: where each microsecond of a request or frame went, and which decision did it.
import type {
	TraceExplanation,
	TraceSummary,
} from "../service/trace-service.ts";
import { renderExplanation, renderList } from "./explain/render.ts";
import { UsageError } from "./usage-error.ts";

export interface ExplainFlags {
	readonly url: string;
	readonly order?: string;
	readonly name?: string;
	readonly limit?: string;
	readonly json?: boolean;
}

/** @param traceId empty: lists what can be explained */
export async function explain(
	traceId: string,
	flags: ExplainFlags,
): Promise<void> {
	if (traceId === "") {
		const { traces } = await get<{ readonly traces: readonly TraceSummary[] }>(
			flags.url,
			`/saccade/v1/traces?${queryOf(flags)}`,
		);
		print(flags, traces, () => renderList(traces));
		return;
	}
	// A whole `traceparent` or `traceresponse` will do, too.
	const id = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceId)?.[1] ?? traceId;
	const explanation = await get<TraceExplanation>(
		flags.url,
		`/saccade/v1/explain/${encodeURIComponent(id)}`,
	);
	print(flags, explanation, () => renderExplanation(explanation));
}

function queryOf({ order, name, limit }: ExplainFlags): string {
	return new URLSearchParams({
		...(order !== undefined && { order }),
		...(name !== undefined && { name }),
		...(limit !== undefined && { limit }),
	}).toString();
}

function print(
	{ json }: ExplainFlags,
	value: unknown,
	render: () => string,
): void {
	console.log(json === true ? JSON.stringify(value, null, 2) : render());
}

async function get<T>(url: string, path: string): Promise<T> {
	const base = url.includes("://") ? url : `http://${url}`;
	if (!URL.canParse(base))
		throw new UsageError(`--url is host:port, got '${url}'`);
	let response: Response;
	try {
		response = await fetch(`${base.replace(/\/$/, "")}${path}`);
	} catch {
		throw new Error(`no server answers at ${url}; --url names its HTTP port`);
	}
	if (response.ok) return (await response.json()) as T;
	const text = await response.text();
	if (response.status === 400) throw new UsageError(errorOf(text));
	throw new Error(errorOf(text));
}

function errorOf(text: string): string {
	try {
		return String((JSON.parse(text) as { readonly error?: unknown }).error);
	} catch {
		return text;
	}
}
