// The whole server in this process, on ports of its own. Closing it asserts that nothing stays open.
import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import {
	createServer,
	type Server,
} from "../../packages/server/src/app/server.ts";
import { resolveOptions } from "../../packages/server/src/config/resolve.ts";
import { createLogger } from "../../packages/server/src/telemetry/logger.ts";

export interface TestServer {
	readonly server: Server;
	readonly http: AddressInfo;
	readonly grpc: AddressInfo;
	readonly metrics: AddressInfo;
	/** Null: it was not asked for. */
	readonly foxglove: AddressInfo | null;
	/** `host:port`, as gRPC clients take it. */
	readonly grpcAddress: string;
	/** Stops it and asserts that no connection, session or lease is left. */
	close(): Promise<void>;
}

/** @param args options of `saccade serve`, beside the repository and the ports */
export async function startTestServer(
	repository: string,
	...args: readonly string[]
): Promise<TestServer> {
	const resolved = resolveOptions({
		args: [
			`--model-repository=${repository}`,
			"--http-port=0",
			"--grpc-port=0",
			"--metrics-port=0",
			"--exit-timeout-secs=5",
			"--audit=false",
			"--prepared-models=off",
			...args,
		],
		env: {},
		fileText: null,
	});
	assert.ok(resolved.ok, resolved.ok ? "" : resolved.problems.join("; "));
	const server = createServer(resolved.options, {
		// Written nowhere, and heard by whoever follows.
		log: createLogger("info", () => {}),
	});
	const { http, grpc, metrics, foxglove } = await server.listen();
	assert.ok(http !== null && grpc !== null && metrics !== null);
	return {
		server,
		http,
		grpc,
		metrics,
		foxglove,
		grpcAddress: `127.0.0.1:${grpc.port}`,
		close: async () => {
			await server.close();
			assert.deepEqual(server.resources(), {
				connectionCount: 0,
				sessionCount: 0,
				bodyLeaseCount: 0,
			});
		},
	};
}
