// Connections that ask to leave HTTP: guarded like every request that changes state, then handed to whoever speaks the
// protocol of the path. What nobody takes is answered and ends: behind an upgrade there is no more HTTP.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import {
	type SaccadeError,
	toSaccadeError,
} from "../../errors/saccade-error.ts";
import type { BrowserGuard } from "./browser-guard.ts";
import { encodeError } from "./encode.ts";
import { httpStatusOf } from "./error-map.ts";

/** Takes connections over at a path. */
export interface UpgradeHandler {
	readonly path: string;
	/** Null: go on. */
	open(request: IncomingMessage): SaccadeError | null;
	upgrade(
		request: IncomingMessage,
		socket: Duplex,
		head: Buffer,
	): Promise<void>;
}

/** Whether a request leaves HTTP, or is served as if it had not asked (RFC 9110, 7.8). */
export function isUpgrade({ headers }: IncomingMessage): boolean {
	return headers.upgrade?.toLowerCase() === "websocket";
}

export function handleUpgrade(
	handlers: readonly UpgradeHandler[],
	guard: BrowserGuard,
	request: IncomingMessage,
	socket: Duplex,
	head: Buffer,
): void {
	// The server listens for errors of HTTP's connections, and this is none any more.
	socket.on("error", () => socket.destroy());
	const path = (request.url ?? "").split("?", 1)[0];
	const handler = handlers.find((one) => one.path === path);
	if (handler === undefined) {
		refuse(
			socket,
			404,
			`there is nothing to upgrade to at ${path?.slice(0, 100)}`,
		);
		return;
	}
	const { httpVersion, headers } = request;
	const header = (name: string) => headers[name]?.toString();
	const refusal =
		guard.check({ httpVersion, header }, true) ?? handler.open(request);
	if (refusal !== null) {
		refuse(socket, httpStatusOf(refusal, false), refusal.message);
		return;
	}
	handler.upgrade(request, socket, head).catch((error: unknown) => {
		const { message } = toSaccadeError(error);
		refuse(socket, 500, message);
	});
}

function refuse(socket: Duplex, status: number, text: string): void {
	const body = encodeError(text);
	socket.end(
		`HTTP/1.1 ${status} ${REASON}\r\ncontent-type: application/json\r\ncontent-length: ${body.byteLength}\r\nconnection: close\r\n\r\n${body.toString()}`,
	);
}

/** RFC 9112, 4: it says nothing that the status does not. */
const REASON = "Refused";
