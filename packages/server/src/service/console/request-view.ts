// The slowest and the missed requests and frames, as a console lists them.
import { REQUEST_ORDERS, type RequestEntry } from "@saccade/protocol/console";
import type { TraceService } from "../trace-service.ts";

const LISTED = 60;

export function* requestEntries(
	traces: TraceService,
): Iterable<readonly [string, RequestEntry]> {
	for (const order of REQUEST_ORDERS)
		for (const summary of traces.list({ order, name: null, limit: LISTED }))
			yield [`${order}/${summary.traceId}`, { order, ...summary }];
}
