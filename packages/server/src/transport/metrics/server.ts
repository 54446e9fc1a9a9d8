// The metrics port: `GET /metrics` in Prometheus' text format, nothing else.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { http } from "../../common/http-module.ts";
import type { Page, PageComposer } from "../../telemetry/page.ts";

export interface MetricsTransport {
	listen(host: string, port: number): Promise<AddressInfo>;
	close(): Promise<void>;
}

export interface MetricsFormat {
	readonly contentType: string;
	readonly composer: PageComposer;
}

/** Scrapers are few; more are closed as they come. */
const MAX_CONNECTION_COUNT = 64;
/** A page that is not read must not stay in memory. */
const WRITE_TIMEOUT_MS = 10_000;

/** Once it is over, the piece under way is the last before the event loop gets a turn. */
const TURN_MS = 0.1;

/** @param formatFor by the `Accept` header of a scrape */
export function createMetricsTransport(
	formatFor: (accept: string | undefined) => MetricsFormat,
): MetricsTransport {
	const server = http.createServer(
		{ headersTimeout: 5000, requestTimeout: 5000 },
		(request, response) => {
			const isMetrics = /^\/metrics\/?(\?.*)?$/.test(request.url ?? "");
			if (!isMetrics) return refuse(response, 404, "metrics are at /metrics\n");
			if (request.method !== "GET" && request.method !== "HEAD")
				return refuse(response, 405, "GET only\n");
			const { contentType, composer } = formatFor(request.headers.accept);
			composer.compose().then(
				(page) => answer(request, response, contentType, page),
				() => refuse(response, 500, "internal error\n"),
			);
		},
	);
	server.maxConnections = MAX_CONNECTION_COUNT;
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

function refuse(response: ServerResponse, status: number, text: string): void {
	response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
	response.end(text);
}

async function answer(
	request: IncomingMessage,
	response: ServerResponse,
	contentType: string,
	page: Page,
): Promise<void> {
	response.setTimeout(WRITE_TIMEOUT_MS, () => response.destroy());
	const { pieces } = page;
	response.writeHead(200, {
		"content-type": contentType,
		"content-length": pieces.reduce(
			(sum, { byteLength }) => sum + byteLength,
			0,
		),
	});
	try {
		// Whoever leaves in the middle has no more to hear.
		await pipeline(
			Readable.from(request.method === "HEAD" ? [] : inTurns(pieces)),
			response,
		).catch(() => {});
	} finally {
		page.release();
	}
}

/** Copying MBs to the system at once would hold the event loop, too. */
async function* inTurns(
	pieces: readonly Uint8Array[],
): AsyncGenerator<Uint8Array> {
	let untilMs = performance.now() + TURN_MS;
	for (const piece of pieces) {
		yield piece;
		if (performance.now() < untilMs) continue;
		await new Promise((turn) => setImmediate(turn));
		untilMs = performance.now() + TURN_MS;
	}
}
