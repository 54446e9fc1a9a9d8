// What listens for clients of inference: HTTP and gRPC on one thread. The server has one, or each of its fronts.
import type { AddressInfo } from "node:net";
import type { GrpcServer } from "@saccade/grpc";
import type { Clock } from "../../common/clock.ts";
import type { ServerOptions } from "../../config/options.ts";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import type { SlotPool } from "../../tensor/slot-pool.ts";
import { ConsoleTransport } from "../../transport/console/server.ts";
import { createGrpcTransport } from "../../transport/grpc/server.ts";
import {
	createHttpTransport,
	type HttpTransport,
} from "../../transport/http/server.ts";
import { StreamTransport } from "../../transport/stream/server.ts";
import { explainListen } from "./listen-error.ts";

/** Where it listens; null: not served. */
export interface NetworkAddresses {
	readonly http: AddressInfo | null;
	readonly grpc: AddressInfo | null;
}

/** Ports to listen on; 0: any free one. */
export interface NetworkPorts {
	readonly http: number;
	readonly grpc: number;
	/** Whether other threads listen on them too: the system spreads connections. */
	readonly shared: boolean;
}

/** What is open now, and how many tensor bytes were copied here. */
export interface NetworkCounts {
	readonly httpConnections: number;
	readonly grpcConnections: number;
	/** Leases on request bodies. */
	readonly bodyLeases: number;
	/** Slots of bodies that were allocated since the start. */
	readonly slotAllocations: number;
	/** Of slots that wait to be used again. */
	readonly slotIdleBytes: number;
	readonly landedBytes: number;
	readonly answeredBytes: number;
	/** Of answers that waited for a window of the client. */
	readonly recopiedBytes: number;
}

export interface NetworkContext {
	readonly endpoints: Endpoints;
	readonly pool: SlotPool;
	readonly clock: Clock;
	/** Aborted when the server begins to end. */
	readonly draining: AbortSignal;
}

/** The core's own network. A `FrontGroup` stands in its place where threads do the work. */
export class Network {
	readonly #pool: SlotPool;
	readonly #options: ServerOptions;
	readonly #http: HttpTransport | null;
	readonly #streams: StreamTransport;
	readonly #console: ConsoleTransport;
	readonly #grpc: GrpcServer | null;

	constructor(options: ServerOptions, context: NetworkContext) {
		this.#options = options;
		const { endpoints, pool, clock, draining } = context;
		this.#pool = pool;
		this.#streams = new StreamTransport({
			endpoint: endpoints.telemetry,
			pool,
			clock,
			draining,
			maxMessageBytes: options.httpMaxInputBytes,
		});
		this.#console = new ConsoleTransport({
			endpoint: endpoints.console,
			clock,
			draining,
		});
		this.#http = options.allowHttp
			? createHttpTransport({
					endpoints,
					pool,
					clock,
					limits: httpLimits(options),
					strictTriton: options.strictTriton,
					upgrades: [this.#streams, this.#console],
					guard: {
						allowedHosts: options.allowedHosts,
						allowedOrigins: options.allowedOrigins,
					},
				})
			: null;
		this.#grpc = options.allowGrpc
			? createGrpcTransport({
					endpoints,
					pool,
					clock,
					draining,
					server: grpcOptions(options),
				})
			: null;
	}

	/** Throws UNAVAILABLE with the reason. @param ports @default those of the options, for this thread alone */
	async listen(ports?: NetworkPorts): Promise<NetworkAddresses> {
		const { httpAddress, grpcAddress, httpPort, grpcPort } = this.#options;
		const { http, grpc, shared } = ports ?? {
			http: httpPort,
			grpc: grpcPort,
			shared: false,
		};
		return {
			http:
				(await this.#http
					?.listen(httpAddress, http, shared)
					.catch(explainListen("http", this.#options))) ?? null,
			grpc: addressInfo(
				await this.#grpc
					?.listen({ host: grpcAddress, port: grpc, reusePort: shared })
					.catch(explainListen("grpc", this.#options)),
			),
		};
	}

	/** Stops accepting, finishes what is under way within `graceMs`, then cuts. */
	async close(graceMs: number): Promise<void> {
		this.#console.close();
		await Promise.all([
			this.#grpc?.close(graceMs),
			this.#http?.close(graceMs),
			this.#streams.close(graceMs),
		]);
	}

	counts(): NetworkCounts {
		const grpc = this.#grpc?.stats();
		return {
			httpConnections: this.#http?.connectionCount ?? 0,
			grpcConnections: grpc?.connectionCount ?? 0,
			bodyLeases: this.#pool.leasedCount,
			slotAllocations: this.#pool.allocatedCount,
			slotIdleBytes: this.#pool.idleBytes,
			landedBytes: copiedBytes.land,
			answeredBytes: copiedBytes.answer,
			recopiedBytes: grpc?.recopiedBytes ?? 0,
		};
	}

	/** Its transports were given the signal. */
	drain(): void {}

	/** It asks the registry itself. */
	modelsChanged(): void {}
}

/** Both servers listen on TCP, so an address is never a path. */
function addressInfo(
	address: AddressInfo | string | undefined,
): AddressInfo | null {
	return typeof address === "object" ? address : null;
}

function httpLimits(options: ServerOptions) {
	return {
		maxInputBytes: options.httpMaxInputBytes,
		headTimeoutMs: options.httpHeadTimeoutMs,
		requestTimeoutMs: options.httpRequestTimeoutMs,
		writeTimeoutMs: options.httpWriteTimeoutMs,
		maxConnectionCount: options.httpMaxConnectionCount,
	};
}

function grpcOptions(options: ServerOptions) {
	return {
		// Beside the budget of bodies, from which they are taken as they arrive: answers that wait, small messages that
		// are collected. With fronts, each its share.
		maxKeptBytes: Math.ceil(
			options.bodyBudgetBytes / Math.max(1, options.fronts),
		),
		maxMessageBytes: options.grpcMaxMessageBytes,
		keepaliveTimeMs: options.grpcKeepaliveTimeMs,
		keepaliveTimeoutMs: options.grpcKeepaliveTimeoutMs,
		maxConnectionAgeMs: options.grpcMaxConnectionAgeMs,
		maxConnectionAgeGraceMs: options.grpcMaxConnectionAgeGraceMs,
	};
}
