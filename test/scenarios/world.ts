// The server and the clients that scenarios run with: every demonstration model, and some that take time or fail.
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { FIXTURE_SETS } from "../../scripts/fixtures/catalogue.ts";
import { addFakeModel } from "../support/fake-model.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import type { ScenarioTransport } from "./scenario.ts";
import {
	createStreamTransport,
	createUnaryTransport,
} from "./transports/grpc.ts";
import { createHttpTransport, HttpClient } from "./transports/http.ts";

export interface World {
	readonly server: TestServer;
	readonly http: HttpClient;
	readonly grpc: TestClient;
	readonly transports: readonly ScenarioTransport[];
	/** Asserts that nothing stays open. */
	close(): Promise<void>;
}

/** How a server may have its connections; every scenario must end the same way. */
export const NETWORKS = [
	{ network: "its own network", options: [] },
	{ network: "two fronts", options: ["--fronts=2"] },
] as const;

/** A run of `held` ends only when it is cancelled. */
const FOREVER_MS = 3_600_000;

/** What the warm-up of `slow_to_load` takes, at the least. */
const WARM_UP_MS = 1000;

/** What a run of `brief` takes. */
export const BRIEF_MS = 100;

export async function createWorld(
	test: { readonly after: (clean: () => void) => void },
	...args: readonly string[]
): Promise<World> {
	const repository = makeModelRepository(
		test,
		...FIXTURE_SETS.demo.map(({ name }) => name),
		"edges",
		"longest",
		"not_a_model",
	);
	addFakeModel(repository, "twice", {
		versions: [1, 3],
		config: "version_policy { all { } }",
	});
	addFakeModel(repository, "optional", { hasOptionalInput: true });
	addFakeModel(repository, "fails", { failsFromRows: 1 });
	addFakeModel(repository, "slow_to_load", {
		curveMs: { 1: WARM_UP_MS },
		config: `model_warmup [ { name: "one" batch_size: 1 inputs {
  key: "INPUT0" value { data_type: TYPE_FP32 dims: [ 1 ] zero_data: true } } } ]`,
	});
	addFakeModel(repository, "brief", { curveMs: { 1: BRIEF_MS } });
	addFakeModel(repository, "held", { curveMs: { 1: FOREVER_MS } });
	addFakeModel(repository, "narrow", {
		curveMs: { 1: FOREVER_MS },
		config: `dynamic_batching {
  preferred_batch_size: [ 1 ]
  default_queue_policy { max_queue_size: 1 }
}`,
	});
	addFakeModel(repository, "patient", {
		curveMs: { 1: FOREVER_MS },
		config: `dynamic_batching {
  max_queue_delay_microseconds: 0
  preferred_batch_size: [ 1 ]
  default_queue_policy {
    default_timeout_microseconds: 60000000
    allow_timeout_override: true
  }
}`,
	});
	const server = await startTestServer(
		repository,
		"--exit-on-error=false",
		...args,
	);
	const http = new HttpClient(server.http);
	const chunked = new HttpClient(server.http, "chunks");
	const grpc = new TestClient(server.grpcAddress);
	return {
		server,
		http,
		grpc,
		transports: [
			createHttpTransport(http, "JSON"),
			createHttpTransport(http, "binary"),
			createHttpTransport(chunked, "JSON"),
			createHttpTransport(chunked, "binary"),
			createUnaryTransport(grpc, "raw"),
			createUnaryTransport(grpc, "typed"),
			createStreamTransport(grpc),
		],
		close: async () => {
			http.close();
			chunked.close();
			grpc.close();
			await server.close();
		},
	};
}
