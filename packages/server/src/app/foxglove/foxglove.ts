// The port for Foxglove viewers: the same drive as a recording has, live.
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import {
	FoxgloveServer,
	type FoxgloveStats,
	type Parameter,
} from "@saccade/foxglove";
import type { ServerOptions } from "../../config/options.ts";
import type { StreamSet } from "../../streams/stream-set.ts";
import type { StreamObserver } from "../../streams/telemetry-stream.ts";
import { BrowserGuard } from "../../transport/http/browser-guard.ts";
import { Diagnostics } from "./diagnostics.ts";
import { StreamFeed } from "./stream-feed.ts";

export interface FoxgloveFacts {
	readonly options: Pick<
		ServerOptions,
		"allowedHosts" | "allowedOrigins" | "foxgloveAddress" | "foxglovePort"
	>;
	/** Name and version. */
	readonly server: string;
	readonly streams: () => Pick<StreamSet, "follow" | "streams">;
	/** `name/version` of what serves. */
	readonly models: () => readonly string[];
	readonly pipelines: () => readonly string[];
}

/** Foxglove in a browser, and as a program. */
const VIEWER_ORIGINS = ["https://app.foxglove.dev", "file://"];
const TIME_EVERY_MS = 100;
const DIAGNOSTICS_EVERY_MS = 1000;

export class Foxglove {
	readonly observer: StreamObserver;
	readonly #facts: FoxgloveFacts;
	readonly #server: FoxgloveServer;
	readonly #timers: NodeJS.Timeout[] = [];

	constructor(facts: FoxgloveFacts) {
		this.#facts = facts;
		const { allowedHosts, allowedOrigins } = facts.options;
		const guard = new BrowserGuard({
			allowedHosts,
			allowedOrigins: [...allowedOrigins, ...VIEWER_ORIGINS],
		});
		this.#server = new FoxgloveServer({
			name: facts.server,
			hasTime: true,
			parameters: { list: () => this.#parameters() },
			allow: (request) => guard.check(asGuarded(request), true) === null,
		});
		this.observer = new StreamFeed(this.#server, wallNs);
	}

	/** Rejects with the listener's error. */
	async listen(): Promise<AddressInfo> {
		const { foxgloveAddress: host, foxglovePort: port } = this.#facts.options;
		const address = await this.#server.listen({ host, port });
		const diagnostics = new Diagnostics(this.#server, this.#facts.streams());
		this.#every(TIME_EVERY_MS, () => this.#server.publishTime(wallNs()));
		this.#every(DIAGNOSTICS_EVERY_MS, () => diagnostics.tick(wallNs()));
		return address;
	}

	/** A model came or went. */
	modelsChanged(): void {
		this.#server.parametersChanged([MODELS]);
	}

	stats(): FoxgloveStats {
		return this.#server.stats();
	}

	async close(): Promise<void> {
		for (const timer of this.#timers) clearInterval(timer);
		await this.#server.close();
	}

	#every(ms: number, tick: () => void): void {
		this.#timers.push(setInterval(tick, ms).unref());
	}

	/** To look at: what they say is changed elsewhere. */
	#parameters(): readonly Parameter[] {
		const { server, models, pipelines } = this.#facts;
		return [
			{ name: "/saccade/server", value: server },
			{ name: MODELS, value: models() },
			{ name: "/saccade/pipelines", value: pipelines() },
		];
	}
}

const MODELS = "/saccade/models";

function wallNs(): bigint {
	return (
		BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) *
		1000n
	);
}

function asGuarded({ headers, httpVersion }: IncomingMessage) {
	return {
		httpVersion,
		header: (name: string) => {
			const value = headers[name];
			return Array.isArray(value) ? value[0] : value;
		},
	};
}
