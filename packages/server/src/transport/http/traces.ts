// `GET /saccade/v1/traces?order=slowest|missed|newest&name=…&limit=…`.
import type { TraceOrder, TraceQuery } from "../../endpoint/endpoints.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";

const ORDERS: readonly TraceOrder[] = ["slowest", "missed", "newest"];
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** Throws INVALID_ARGUMENT. */
export function traceQuery(target: string): TraceQuery {
	const at = target.indexOf("?");
	const query = new URLSearchParams(at < 0 ? "" : target.slice(at + 1));
	const order = query.get("order") ?? "slowest";
	const known = ORDERS.find((one) => one === order);
	if (known === undefined)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`order is one of ${ORDERS.join(", ")}, got '${order.slice(0, 100)}'`,
		);
	return { order: known, name: query.get("name"), limit: limitOf(query) };
}

function limitOf(query: URLSearchParams): number {
	const text = query.get("limit");
	if (text === null) return DEFAULT_LIMIT;
	const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
	if (limit >= 1 && limit <= MAX_LIMIT) return limit;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`limit is a number from 1 to ${MAX_LIMIT}, got '${text.slice(0, 100)}'`,
	);
}
