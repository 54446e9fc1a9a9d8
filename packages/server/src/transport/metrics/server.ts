// The metrics port: `GET /metrics` in Prometheus' text format, nothing else.
import type { AddressInfo } from "node:net";
import { http } from "../../common/http-module.ts";

export interface MetricsTransport {
	listen(host: string, port: number): Promise<AddressInfo>;
	close(): Promise<void>;
}

export function createMetricsTransport(render: () => string): MetricsTransport {
	const server = http.createServer(
		{ headersTimeout: 5000, requestTimeout: 5000 },
		(request, response) => {
			const isMetrics = /^\/metrics\/?(\?.*)?$/.test(request.url ?? "");
			if (
				!isMetrics ||
				(request.method !== "GET" && request.method !== "HEAD")
			) {
				response.writeHead(isMetrics ? 405 : 404, {
					"content-type": "text/plain; charset=utf-8",
				});
				response.end(isMetrics ? "GET only\n" : "metrics are at /metrics\n");
				return;
			}
			const body = Buffer.from(render());
			response.writeHead(200, {
				"content-type": "text/plain; version=0.0.4; charset=utf-8",
				"content-length": body.byteLength,
			});
			response.end(body);
		},
	);
	return {
		listen: (host, port) =>
			new Promise((resolve, reject) => {
				server.once("error", reject);
				server.listen({ host, port }, () =>
					resolve(server.address() as AddressInfo),
				);
			}),
		close: () =>
			new Promise((resolve) => {
				if (!server.listening) {
					resolve();
					return;
				}
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}
