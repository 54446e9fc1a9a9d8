// Deadlines that are none, from every source and over every transport: each is refused with its name and with what was
// sent, or means what it says; and the next request is served as ever.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelInferRequestSchema } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { frame, GrpcWire } from "../support/grpc-wire.ts";
import {
	type Outcome,
	type Parameter,
	type ScenarioRequest,
	STATUS,
	TRANSPORTS,
} from "./scenario.ts";
import { floats } from "./table/requests.ts";
import { ModelInfer, toMessage } from "./transports/grpc.ts";
import { createWorld, NETWORKS, type World } from "./world.ts";

const DAY_MS = 86_400_000;

const BAD_HEADERS = [
	"-1",
	"0",
	"NaN",
	"Infinity",
	"1e3",
	"0x10",
	"",
	"soon",
	"5;",
	String(DAY_MS + 1),
	"9".repeat(400),
];

const BAD_DEADLINES: readonly Parameter[] = [
	-1,
	-0.5,
	0,
	Number.NaN,
	Number.POSITIVE_INFINITY,
	Number.NEGATIVE_INFINITY,
	DAY_MS + 1,
	1e300,
	2n ** 63n - 1n,
	-(2n ** 63n),
	true,
	"100",
];

/** Triton's `timeout`, in µs: whole and not negative. */
const BAD_TIMEOUTS: readonly Parameter[] = [
	-1,
	0.5,
	Number.NaN,
	Number.POSITIVE_INFINITY,
	2n ** 63n - 1n,
	true,
	"100",
];

/** Far, but deadlines. */
const FAR: readonly Partial<ScenarioRequest>[] = [
	{ headers: { "saccade-deadline-ms": String(DAY_MS) } },
	{ parameters: { deadline_ms: DAY_MS } },
	{ parameters: { timeout: Number.MAX_SAFE_INTEGER } },
	{ parameters: { timeout: 0 } },
];

const ask = (more: Partial<ScenarioRequest> = {}): ScenarioRequest => ({
	model: "twice",
	inputs: [floats([1, 2])],
	...more,
});

for (const { network, options } of NETWORKS)
	describe(`deadlines that are none, ${network}`, { timeout: 120_000 }, () => {
		let world: World;
		before(async () => {
			world = await createWorld({ after }, ...options);
		});
		after(() => world.close());

		for (const name of TRANSPORTS)
			describe(`over ${name}`, () => {
				const infer = async (more: Partial<ScenarioRequest>) => {
					const transport = world.transports.find(
						(other) => other.name === name,
					);
					assert.ok(transport !== undefined);
					return transport.infer(ask(more));
				};
				const assertInvalid = (outcome: Outcome, source: string) => {
					assert.ok(!outcome.ok, "it was answered");
					assert.ok(outcome.text.includes(source), outcome.text);
					if (outcome.status === null) return;
					const { http, grpc } = STATUS.invalid;
					assert.equal(outcome.status, name.startsWith("HTTP") ? http : grpc);
				};
				const assertServes = async (more: Partial<ScenarioRequest> = {}) => {
					const outcome = await infer(more);
					assert.ok(outcome.ok, outcome.ok ? "" : outcome.text);
				};

				for (const value of BAD_HEADERS)
					test(`Saccade-Deadline-Ms: "${value.slice(0, 20)}" is refused`, async () => {
						const headers = { "saccade-deadline-ms": value };
						assertInvalid(await infer({ headers }), "saccade-deadline-ms");
						await assertServes();
					});

				for (const value of BAD_DEADLINES)
					test(`deadline_ms of ${String(value)} (${typeof value}) is refused`, async () => {
						const parameters = { deadline_ms: value };
						const outcome = await infer({ parameters });
						assertInvalid(outcome, "deadline_ms");
						await assertServes();
					});

				for (const value of BAD_TIMEOUTS)
					test(`timeout of ${String(value)} (${typeof value}) is refused`, async () => {
						const outcome = await infer({ parameters: { timeout: value } });
						assertInvalid(outcome, "timeout");
						await assertServes();
					});

				for (const more of FAR)
					test(`${JSON.stringify(more)} is as good as none`, () =>
						assertServes(more));

				test("the bad one of two is refused, however good the other is", async () => {
					const outcome = await infer({
						headers: { "saccade-deadline-ms": "1000" },
						parameters: { deadline_ms: -1 },
					});
					assertInvalid(outcome, "deadline_ms");
				});
			});

		describe("in grpc-timeout", () => {
			const call = async (timeout: string) => {
				const wire = new GrpcWire(world.server.grpcAddress);
				const message = create(
					ModelInferRequestSchema,
					toMessage(ask(), "raw"),
				);
				try {
					return await wire.call(
						ModelInfer.path,
						frame(toBinary(ModelInferRequestSchema, message)),
						{ "grpc-timeout": timeout },
					);
				} finally {
					wire.close();
				}
			};

			// As gRPC has it: one that is malformed is a fault of the client's library, not of its user.
			for (const timeout of [
				"-5S",
				"NaNS",
				"NaN",
				"5",
				"S",
				"1.5S",
				"5 S",
				"5s",
				"123456789S",
				"",
			])
				test(`"${timeout}" is refused`, async () => {
					const reply = await call(timeout);
					assert.equal(reply.status, STATUS.internal.grpc);
					assert.match(reply.message, /grpc-timeout ".*" is malformed/);
				});

			for (const timeout of ["0n", "0H", "1n"])
				test(`"${timeout}" has passed on arrival`, async () => {
					const reply = await call(timeout);
					assert.equal(reply.status, STATUS.deadline.grpc, reply.message);
				});

			for (const timeout of ["99999999H", "1000000M"])
				test(`"${timeout}", which is years, is as good as none`, async () => {
					const reply = await call(timeout);
					assert.equal(reply.status, 0, reply.message);
				});
		});
	});
