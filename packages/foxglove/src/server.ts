// The server: channels that are advertised, viewers that subscribe to them, parameters and time.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { type Channel, OpenChannel } from "./channel.ts";
import type { ClientMessage } from "./client-message.ts";
import { type ParameterStore, Parameters } from "./parameters.ts";
import {
	advertise,
	type ChannelSpec,
	type StatusLevel,
	SUBPROTOCOLS,
	serverInfo,
	time,
	unadvertise,
} from "./protocol.ts";
import { Viewer } from "./viewer.ts";

export interface FoxgloveServerOptions {
	/** Told to viewers. */
	readonly name: string;
	readonly metadata?: Readonly<Record<string, string>>;
	/** Names this run of the server: a viewer that comes back knows whether what it has is of the same. @default a UUID */
	readonly sessionId?: string;
	/** @default none: viewers see no parameters */
	readonly parameters?: ParameterStore;
	/** Whether `publishTime` is used. Viewers then take their time from it. @default false */
	readonly hasTime?: boolean;
	/**
	 * Whether a connection may be upgraded: a browser tells the page that asks. @default those without an origin, which
	 * no browser is, and pages of this machine
	 */
	readonly allow?: (request: IncomingMessage) => boolean;
	/** Viewers at once; more are answered with 503. @default 16 */
	readonly maxViewerCount?: number;
	/** Bytes that wait in a viewer's connection before it loses messages. @default 4 MiB: two clouds of 100,000 points */
	readonly maxWaitingBytes?: number;
	/** Messages of a viewer that are wrong, after which it is cut. @default 100 */
	readonly maxProblemCount?: number;
	/** Largest message of a viewer, in bytes. @default 1 MiB */
	readonly maxMessageBytes?: number;
	/** A viewer that does not answer a ping for so long is cut, in ms. @default 10,000 */
	readonly silenceMs?: number;
}

export interface FoxgloveStats {
	readonly viewerCount: number;
	readonly channelCount: number;
	/** Messages that viewers lost because they were slow, since the start. */
	readonly lostCount: number;
}

const GOING_AWAY = 1001;
const DEFAULTS = {
	metadata: {},
	hasTime: false,
	maxViewerCount: 16,
	maxWaitingBytes: 4 * 1024 * 1024,
	maxProblemCount: 100,
	maxMessageBytes: 1024 * 1024,
	silenceMs: 10_000,
};

export class FoxgloveServer {
	readonly #options: typeof DEFAULTS & FoxgloveServerOptions;
	readonly #parameters: Parameters;
	readonly #http: Server;
	readonly #sockets: WebSocketServer;
	readonly #channels = new Map<number, OpenChannel>();
	readonly #viewers = new Set<Viewer>();
	readonly #info: string;
	#nextChannelId = 1;
	#lostCount = 0;
	#alive: NodeJS.Timeout | null = null;

	constructor(options: FoxgloveServerOptions) {
		this.#options = { ...DEFAULTS, ...options };
		this.#parameters = new Parameters(
			options.parameters ?? null,
			this.#viewers,
		);
		this.#info = serverInfo({
			name: options.name,
			capabilities: [
				...(this.#options.hasTime ? ["time"] : []),
				...this.#parameters.capabilities,
			],
			metadata: this.#options.metadata,
			sessionId: options.sessionId ?? crypto.randomUUID(),
		});
		this.#sockets = new WebSocketServer({
			noServer: true,
			clientTracking: false,
			maxPayload: this.#options.maxMessageBytes,
			// Pictures are compressed already, and clouds hardly get smaller.
			perMessageDeflate: false,
			handleProtocols: (offered) => chosen(offered) ?? false,
		});
		this.#http = createServer((_request, response) => {
			response.writeHead(426, { upgrade: "websocket", connection: "close" });
			response.end("this is a Foxglove WebSocket server\n");
		});
		this.#http.on("upgrade", (request, socket, head) =>
			this.#upgrade(request, socket, head),
		);
	}

	/** @param port 0: any that is free */
	listen(options: {
		readonly host: string;
		readonly port: number;
	}): Promise<AddressInfo> {
		const { silenceMs } = this.#options;
		return new Promise((resolve, reject) => {
			this.#http.once("error", reject);
			this.#http.listen(options, () => {
				this.#alive = setInterval(() => {
					for (const viewer of this.#viewers) viewer.checkAlive();
				}, silenceMs);
				this.#alive.unref();
				resolve(this.#http.address() as AddressInfo);
			});
		});
	}

	addChannel(spec: ChannelSpec): Channel {
		const channel = new OpenChannel(this.#nextChannelId++, spec, {
			viewers: this.#viewers,
			closed: (id) => this.#channelClosed(id),
		});
		this.#channels.set(channel.id, channel);
		this.#broadcast(advertise([channel]));
		return channel;
	}

	/** @param timeNs since 1970 */
	publishTime(timeNs: bigint): void {
		if (this.#viewers.size === 0) return;
		const message = time(timeNs);
		for (const viewer of this.#viewers) viewer.sendTime(message);
	}

	/** Tells who wants to hear of them. */
	parametersChanged(names: readonly string[]): void {
		this.#parameters.changed(names);
	}

	publishStatus(level: StatusLevel, message: string): void {
		for (const viewer of this.#viewers) viewer.sendStatus(level, message);
	}

	stats(): FoxgloveStats {
		return {
			viewerCount: this.#viewers.size,
			channelCount: this.#channels.size,
			lostCount: this.#lostCount,
		};
	}

	/** Says goodbye, and cuts who does not answer within `graceMs`. @default 1000 */
	async close(graceMs = 1000): Promise<void> {
		if (this.#alive !== null) clearInterval(this.#alive);
		const viewers = [...this.#viewers];
		for (const viewer of viewers) viewer.close(GOING_AWAY, "the server ends");
		const cut = setTimeout(() => {
			for (const viewer of viewers) viewer.terminate();
			this.#http.closeAllConnections();
		}, graceMs);
		await new Promise<void>((resolve) => {
			if (this.#http.listening) this.#http.close(() => resolve());
			else resolve();
		});
		await Promise.all(viewers.map(({ closed }) => closed));
		clearTimeout(cut);
	}

	#upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
		const { allow = isOfThisMachine, maxViewerCount } = this.#options;
		socket.on("error", () => {});
		const answer = this.#refusalOf(request, allow, maxViewerCount);
		if (answer !== null) {
			socket.end(answer);
			return;
		}
		this.#sockets.handleUpgrade(request, socket, head, (upgraded) =>
			this.#attach(upgraded),
		);
	}

	/** Null: it may be upgraded. */
	#refusalOf(
		request: IncomingMessage,
		allow: (request: IncomingMessage) => boolean,
		maxViewerCount: number,
	): string | null {
		if (!allow(request)) return refusal("403 Forbidden", "not from here");
		const offered = request.headers["sec-websocket-protocol"] ?? "";
		if (chosen(offered.split(",").map((one) => one.trim())) === null)
			return refusal(
				"400 Bad Request",
				`offer one of the subprotocols ${SUBPROTOCOLS.join(", ")}`,
			);
		if (this.#viewers.size >= maxViewerCount)
			return refusal(
				"503 Service Unavailable",
				`${maxViewerCount} viewers are connected, which is the limit`,
			);
		return null;
	}

	#attach(socket: WebSocket): void {
		const viewer = new Viewer(socket, this.#options, {
			said: (viewer, message) => this.#said(viewer, message),
			lost: (count) => {
				this.#lostCount += count;
			},
		});
		this.#viewers.add(viewer);
		socket.on("close", () => {
			this.#viewers.delete(viewer);
			for (const id of viewer.channelIds) this.#channels.get(id)?.left();
		});
		viewer.sendText(this.#info);
		viewer.sendText(advertise([...this.#channels.values()]));
	}

	#said(viewer: Viewer, message: ClientMessage): void {
		switch (message.op) {
			case "subscribe":
				for (const { id, channelId } of message.subscriptions)
					this.#subscribe(viewer, id, channelId);
				return;
			case "unsubscribe":
				for (const id of message.subscriptionIds) {
					const channelId = viewer.unsubscribe(id);
					if (channelId === null) viewer.problem(`no subscription ${id}`);
					else this.#channels.get(channelId)?.left();
				}
				return;
			default:
				this.#parameters.said(viewer, message);
		}
	}

	#subscribe(viewer: Viewer, id: number, channelId: number): void {
		const channel = this.#channels.get(channelId);
		const problem =
			channel === undefined
				? `there is no channel ${channelId}`
				: viewer.subscribe(id, channelId);
		if (problem === null) channel?.joined();
		else viewer.problem(problem);
	}

	#channelClosed(id: number): void {
		if (!this.#channels.delete(id)) return;
		for (const viewer of this.#viewers) viewer.forget(id);
		this.#broadcast(unadvertise([id]));
	}

	#broadcast(text: string): void {
		for (const viewer of this.#viewers) viewer.sendText(text);
	}
}

function chosen(offered: Iterable<string>): string | null {
	const all = new Set(offered);
	return SUBPROTOCOLS.find((protocol) => all.has(protocol)) ?? null;
}

/** Any page that a browser shows could ask for a port of its machine. */
function isOfThisMachine({ headers }: IncomingMessage): boolean {
	const { origin } = headers;
	if (origin === undefined) return true;
	const host = URL.parse(origin)?.hostname;
	return host === "localhost" || host === "127.0.0.1" || host === "[::1]";
}

function refusal(answer: string, text: string): string {
	return `HTTP/1.1 ${answer}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(text) + 1}\r\n\r\n${text}\n`;
}
