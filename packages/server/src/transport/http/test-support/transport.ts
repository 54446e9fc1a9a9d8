// The transport on a port of its own, over services that a test scripts. Ends with the test, and asserts that every
// body was released.
import assert from "node:assert/strict";
import { describe, type TestContext } from "node:test";
import { type Clock, systemClock } from "../../../common/clock.ts";
import { createEndpoints } from "../../../endpoint/endpoints.ts";
import { composeOpen, withDeadline } from "../../../endpoint/middleware.ts";
import {
	FakeInference,
	fakeServices,
} from "../../../endpoint/testing/fake-services.ts";
import { SlotPool } from "../../../tensor/slot-pool.ts";
import type { BrowserGuardOptions } from "../browser-guard.ts";
import type { HttpLimits } from "../limits.ts";
import {
	createHttpTransport,
	type HttpParser,
	type HttpTransport,
} from "../server.ts";
import { RawConnection } from "./raw-connection.ts";

const MIB = 1024 * 1024;

export interface TransportSettings {
	readonly limits?: Partial<HttpLimits>;
	readonly budgetBytes?: number;
	readonly guard?: Partial<BrowserGuardOptions>;
	readonly strictTriton?: boolean;
	readonly parser?: HttpParser;
	readonly clock?: Clock;
}

export interface TestTransport {
	readonly transport: HttpTransport;
	readonly inference: FakeInference;
	readonly pool: SlotPool;
	readonly port: number;
	/** A connection that ends with the test. */
	connect(): RawConnection;
	fetch(path: string, init?: RequestInit): Promise<Response>;
}

export async function startTransport(
	test: TestContext,
	settings: TransportSettings = {},
): Promise<TestTransport> {
	const inference = new FakeInference();
	const pool = new SlotPool(settings.budgetBytes ?? 64 * MIB);
	const transport = createHttpTransport({
		endpoints: createEndpoints(
			fakeServices(inference),
			composeOpen([withDeadline]),
		),
		pool,
		clock: settings.clock ?? systemClock,
		parser: settings.parser ?? "own",
		strictTriton: settings.strictTriton ?? false,
		guard: { allowedHosts: [], allowedOrigins: [], ...settings.guard },
		limits: settings.limits ?? {},
	});
	const { port } = await transport.listen("127.0.0.1", 0);
	const connections: RawConnection[] = [];
	test.after(async () => {
		for (const connection of connections) connection.destroy();
		await transport.close(1000);
		assert.equal(transport.connectionCount, 0, "a connection is open");
		assert.equal(pool.leasedCount, 0, "a body was not released");
		assert.ok(pool.leasedBytes <= 64 * 1024, "a share was not given back");
	});
	return {
		transport,
		inference,
		pool,
		port,
		connect: () => {
			const connection = new RawConnection(port);
			connections.push(connection);
			return connection;
		},
		fetch: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
	};
}

export type StartTransport = typeof startTransport;

/** The same tests with our own parser, and with node:http alone. */
export function eachParser(define: (start: StartTransport) => void): void {
	for (const parser of ["own", "node"] as const)
		describe(`parser: ${parser}`, () =>
			define((test, settings) =>
				startTransport(test, { parser, ...settings }),
			));
}

/** One FP32 tensor of `count` elements to the model that echoes. */
export function echoRequest(count = 2): {
	readonly path: string;
	readonly body: string;
} {
	const data = Array.from({ length: count }, (_, index) => index);
	return {
		path: "/v2/models/echo/infer",
		body: JSON.stringify({
			id: "r",
			inputs: [{ name: "x", datatype: "FP32", shape: [count], data }],
		}),
	};
}
