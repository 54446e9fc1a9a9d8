// Deadlines from every source, queue policies and cancellation, over every transport. The models' runs never end by
// themselves, so whatever is answered here was told by a timer, a queue or a client that left.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { frame, GrpcWire } from "../support/grpc-wire.ts";
import { until } from "../support/until.ts";
import {
	type Outcome,
	type ScenarioRequest,
	STATUS,
	type StatusName,
	TRANSPORTS,
	type TransportName,
} from "./scenario.ts";
import { floats } from "./table/requests.ts";
import { ModelInfer, toMessage } from "./transports/grpc.ts";
import { BRIEF_MS, createWorld, NETWORKS, type World } from "./world.ts";

const DEADLINE_MS = 100;
/** An expiry is told as near to its instant as timers allow: at most so much before. */
const EARLY_MS = 0.5;
/** Far beyond what a slow machine adds, and far below the hour that a run would take. */
const SOON_MS = 15_000;

const ask = (model: string, more: Partial<ScenarioRequest> = {}) => ({
	model,
	inputs: [floats([1, 2])],
	...more,
});

const SOURCES: Readonly<Record<string, Partial<ScenarioRequest>>> = {
	"header Saccade-Deadline-Ms": {
		headers: { "saccade-deadline-ms": String(DEADLINE_MS) },
	},
	"parameter deadline_ms": { parameters: { deadline_ms: DEADLINE_MS } },
	"the earlier of both": {
		headers: { "saccade-deadline-ms": "60000" },
		parameters: { deadline_ms: DEADLINE_MS },
	},
};

function clientOf(world: () => World, name: TransportName) {
	return {
		infer: (request: ScenarioRequest, signal?: AbortSignal) => {
			const transport = world().transports.find((other) => other.name === name);
			assert.ok(transport !== undefined);
			return transport.infer(request, signal);
		},
		assertFailed: (outcome: Outcome, status: StatusName, text: string) => {
			assert.ok(!outcome.ok, "it was answered");
			assert.ok(outcome.text.includes(text), outcome.text);
			if (outcome.status === null) return;
			const expected = STATUS[status];
			const isHttp = name.startsWith("HTTP");
			assert.equal(outcome.status, isHttp ? expected.http : expected.grpc);
		},
	};
}

for (const { network, options } of NETWORKS)
	describe(`what would be late, ${network}`, { timeout: 120_000 }, () => {
		let world: World;
		before(async () => {
			world = await createWorld({ after }, ...options);
			// From then on it is known how long a run takes.
			const [transport] = world.transports;
			const first = await transport?.infer(ask("brief"));
			assert.equal(first?.ok, true);
		});
		after(() => world.close());

		/** In the head it is told before the body is kept; in the body only the scheduler can tell. */
		const late: Readonly<Record<string, Partial<ScenarioRequest>>> = {
			head: { headers: { "saccade-deadline-ms": String(BRIEF_MS / 2) } },
			body: { parameters: { deadline_ms: BRIEF_MS / 2 } },
		};
		const cases = TRANSPORTS.flatMap((name) =>
			Object.entries(late).map(([place, more]) => ({ name, place, more })),
		);

		for (const { name, place, more } of cases)
			test(`is refused on arrival over ${name}, with what it would take: deadline in the ${place}`, async () => {
				const { infer, assertFailed } = clientOf(() => world, name);
				const [, outcome] = await Promise.all([
					infer(ask("brief")),
					infer(ask("brief", more)),
				]);
				assertFailed(outcome, "unavailable", "the answer would take");
				if (!outcome.ok && outcome.status !== null)
					assert.equal(outcome.refusedBecause, "cannot-finish");
				const inTime = { deadline_ms: SOON_MS };
				const answered = await infer(ask("brief", { parameters: inTime }));
				assert.ok(answered.ok, "there is time enough");
			});
	});

for (const { network, options } of NETWORKS)
	describe(`deadlines under Triton's policy, ${network}`, {
		timeout: 120_000,
	}, () => {
		let world: World;
		before(async () => {
			world = await createWorld(
				{ after },
				"--scheduling-policy=triton",
				...options,
			);
		});
		after(() => world.close());

		for (const name of TRANSPORTS)
			describe(`over ${name}`, () => {
				const { infer, assertFailed } = clientOf(() => world, name);

				for (const [source, more] of Object.entries(SOURCES))
					test(`${source} ends what runs and what waits`, async () => {
						const startMs = performance.now();
						const outcomes = await Promise.all(
							[1, 2, 3].map(() => infer(ask("held", more))),
						);
						const tookMs = performance.now() - startMs;
						for (const outcome of outcomes)
							assertFailed(outcome, "deadline", "deadline");
						assert.ok(
							tookMs >= DEADLINE_MS - EARLY_MS,
							`told after ${tookMs} ms`,
						);
						assert.ok(tookMs < SOON_MS, `told after ${tookMs} ms`);
					});

				test("a deadline that has passed on arrival is refused before any work", async () => {
					const outcome = await infer(
						ask("held", { headers: { "saccade-deadline-ms": "0.0001" } }),
					);
					assertFailed(outcome, "deadline", "the work was not started");
					assert.ok(!outcome.ok);
					if (outcome.status !== null)
						assert.equal(outcome.refusedBecause, "expired");
				});

				test("a full queue refuses at once and says how full it is", async () => {
					const outcomes = await Promise.all(
						[1, 2, 3, 4].map(() =>
							infer(ask("narrow", { parameters: { deadline_ms: 500 } })),
						),
					);
					const refused = outcomes.filter(
						(outcome) =>
							!outcome.ok &&
							outcome.text.includes("Exceeds maximum queue size"),
					);
					assert.ok(refused.length >= 2, `${refused.length} were refused`);
					for (const outcome of refused) {
						assertFailed(outcome, "unavailable", "the limit is 1");
						if (!outcome.ok && outcome.status !== null)
							assert.equal(outcome.refusedBecause, "queue-full");
					}
				});

				test("a queue's time-out refuses what waits, and lets what runs go on", async () => {
					const parameters = { timeout: 50_000, deadline_ms: 1000 };
					const outcomes = await Promise.all(
						[1, 2].map(() => infer(ask("patient", { parameters }))),
					);
					const isTimeout = (outcome: Outcome) =>
						!outcome.ok && outcome.text.includes("Request timeout expired");
					const late = outcomes.filter(isTimeout);
					const others = outcomes.filter((outcome) => !isTimeout(outcome));
					assert.equal(late.length, 1);
					assertFailed(late[0]!, "unavailable", "Request timeout expired");
					assertFailed(others[0]!, "deadline", "deadline");
				});

				test("the work of a client that leaves is dropped, running or waiting", async () => {
					const before = await failures(world);
					const leaving = new AbortController();
					const asked = [1, 2, 3].map(() =>
						infer(ask("held"), leaving.signal).catch(() => null),
					);
					await until(
						"one request runs and two wait",
						async () => (await pending(world)) >= 2,
					);
					leaving.abort();
					await Promise.all(asked);
					await until(
						"three requests have failed",
						async () => (await failures(world)) === before + 3,
					);
					// The lane is free again: what comes now runs, and is told by its deadline alone.
					const outcome = await infer(
						ask("held", SOURCES["parameter deadline_ms"]),
					);
					assertFailed(outcome, "deadline", "deadline");
				});
			});

		test("grpc-timeout is kept by the server, whatever the client does", async (t) => {
			const wire = new GrpcWire(world.server.grpcAddress);
			t.after(() => wire.close());
			const message = create(
				ModelInferRequestSchema,
				toMessage(ask("held"), "raw"),
			);
			const reply = await wire.call(
				ModelInfer.path,
				frame(toBinary(ModelInferRequestSchema, message)),
				{ "grpc-timeout": `${DEADLINE_MS}m` },
			);
			assert.equal(reply.status, STATUS.deadline.grpc);
		});
	});

async function metric(world: World, pattern: RegExp): Promise<number> {
	const { metrics } = world.server;
	const response = await fetch(`http://127.0.0.1:${metrics.port}/metrics`);
	const lines = (await response.text()).split("\n");
	return lines
		.filter((line) => pattern.test(line))
		.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

const failures = (world: World) =>
	metric(world, /^nv_inference_request_failure{.*model="held"/);
/** Those that wait: the one that runs is not among them. */
const pending = (world: World) =>
	metric(world, /^nv_inference_pending_request_count{.*model="held"/);
