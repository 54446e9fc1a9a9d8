// A request that leaves HTTP for a WebSocket, as phase `open` sees it.
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Operation, RequestHead } from "../../endpoint/endpoint.ts";

export function upgradeHead(
	request: IncomingMessage,
	operation: Operation,
	receivedUs: number,
): RequestHead {
	return {
		transport: "http",
		operation,
		header: headerOf(request.headers),
		headers: function* () {
			for (const [name, value] of Object.entries(request.headers))
				if (value !== undefined) yield [name, String(value)] as const;
		},
		transportDeadlineUs: Number.POSITIVE_INFINITY,
		receivedUs,
		peer: request.socket.remoteAddress ?? "",
	};
}

/** Of several values, the first counts. */
export function headerOf(headers: IncomingHttpHeaders): RequestHead["header"] {
	return (name) => {
		const value = headers[name];
		return Array.isArray(value) ? value[0] : value;
	};
}
