// Network threads: what only shows with several of them. Every scenario of test/scenarios runs over them too.
import assert from "node:assert/strict";
import { after, type TestContext, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import type { Outcome } from "../scenarios/scenario.ts";
import { floats } from "../scenarios/table/requests.ts";
import { createUnaryTransport } from "../scenarios/transports/grpc.ts";
import { addFakeModel } from "../support/fake-model.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { until } from "../support/until.ts";

const FOREVER_MS = 3_600_000;
const REFUSED =
	/memory for request bodies is used up|keeps as many bytes of requests as it may/;
const TIMEOUT = { timeout: 60_000 };

/** As many connections: the system chooses the thread of each by its ports. */
function connect(t: TestContext, server: TestServer, count: number) {
	const clients = Array.from(
		{ length: count },
		() => new TestClient(server.grpcAddress),
	);
	t.after(() => {
		for (const client of clients) client.close();
	});
	return clients;
}

function ask(
	client: TestClient,
	model: string,
	values: readonly number[],
	signal?: AbortSignal,
): Promise<Outcome> {
	const transport = createUnaryTransport(client, "raw");
	return transport.infer({ model, inputs: [floats(values)] }, signal);
}

async function metric({ metrics }: TestServer, name: string, model: string) {
	const answer = await fetch(`http://127.0.0.1:${metrics.port}/metrics`);
	const line = new RegExp(`^${name}\\{model="${model}".*\\} (.*)$`, "m");
	return Number(line.exec(await answer.text())?.[1] ?? 0);
}

test(
	"requests of connections on different threads run in one batch",
	TIMEOUT,
	async (t) => {
		const repository = makeModelRepository({ after });
		// The first run holds the only lane until everything else has arrived.
		addFakeModel(repository, "gathers", {
			curveMs: { 1: 500, 8: 500 },
			config: "dynamic_batching { }",
		});
		const server = await startTestServer(
			repository,
			"--fronts=2",
			"--scheduling-policy=triton",
		);
		t.after(() => server.close());
		const clients = connect(t, server, 32);
		const outcomes = await Promise.all(
			clients.map((client, index) => ask(client, "gathers", [index])),
		);
		for (const [index, outcome] of outcomes.entries()) {
			assert.ok(outcome.ok);
			assert.deepEqual(outcome.answer.outputs[0]?.values, [index]);
		}
		assert.equal(await metric(server, "nv_inference_count", "gathers"), 32);
		// One that finds the lane free, and four full batches; one more where a connection was late.
		const runs = await metric(server, "nv_inference_exec_count", "gathers");
		assert.ok(runs <= 6, `${runs} runs for 32 requests`);
	},
);

test(
	"a thread that ends is replaced; its requests count as left by their clients",
	TIMEOUT,
	async (t) => {
		const threads: Worker[] = [];
		const started = (worker: Worker) => threads.push(worker);
		process.on("worker", started);
		t.after(() => process.off("worker", started));
		const repository = makeModelRepository({ after });
		addFakeModel(repository, "quick");
		addFakeModel(repository, "held", { curveMs: { 1: FOREVER_MS } });
		const server = await startTestServer(repository, "--fronts=1");
		t.after(() => server.close());
		const [leaving, staying] = connect(t, server, 2);
		const held = ask(leaving!, "held", [1]);
		const received = () =>
			metric(server, "nv_inference_pending_request_count", "held");
		// It runs, and so none waits; the next one does.
		const waiting = ask(leaving!, "held", [2]);
		await until("both have arrived", async () => (await received()) === 1);
		await threads[0]?.terminate();
		assert.equal((await held).ok, false);
		assert.equal((await waiting).ok, false);
		assert.equal(await received(), 0);
		await until(
			"the new one serves",
			async () => (await ask(staying!, "quick", [3])).ok,
		);
		assert.equal(threads.length, 2);
	},
);

test("bodies of all threads are taken from one budget", TIMEOUT, async (t) => {
	const repository = makeModelRepository({ after });
	addFakeModel(repository, "held", { curveMs: { 1: FOREVER_MS } });
	const bodyBytes = 1_000_000;
	const server = await startTestServer(
		repository,
		"--fronts=2",
		`--body-budget=${4.5 * bodyBytes}`,
	);
	t.after(() => server.close());
	const values = Array<number>(bodyBytes / 4).fill(1);
	const clients = connect(t, server, 12);
	const leaving = new AbortController();
	let refusedCount = 0;
	const keptCount = () => server.server.resources().bodyLeaseCount;
	const asked: Promise<void>[] = [];
	for (const client of clients) {
		asked.push(
			ask(client, "held", values, leaving.signal).then((outcome) => {
				assert.ok(!outcome.ok);
				if (REFUSED.test(outcome.text)) refusedCount++;
			}),
		);
		await until(
			"its body is kept or refused",
			() => keptCount() + refusedCount === asked.length,
		);
	}
	// Of 12 connections some are on each thread; each thread may keep two by itself, both together four.
	assert.ok(keptCount() >= 2 && keptCount() <= 4, `${keptCount()} are kept`);
	leaving.abort();
	await Promise.all(asked);
	await until("what was kept is given back", () => keptCount() === 0);
});
