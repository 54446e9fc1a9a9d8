// The inference table over every transport.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
	type Outcome,
	type Scenario,
	STATUS,
	TRANSPORTS,
	type TransportName,
} from "./scenario.ts";
import { FAILURES } from "./table/failures.ts";
import { SUCCESSES } from "./table/success.ts";
import { createWorld, NETWORKS, type World } from "./world.ts";

for (const { network, options } of NETWORKS)
	describe(`inference, ${network}`, { timeout: 120_000 }, () => {
		let world: World;
		before(async () => {
			world = await createWorld({ after }, ...options);
		});
		after(() => world.close());

		for (const name of TRANSPORTS)
			describe(`over ${name}`, () => {
				for (const scenario of runnable(SUCCESSES, name))
					test(scenario.name, async () =>
						assertAnswers(scenario, await ask(scenario, name)),
					);
				for (const scenario of runnable(FAILURES, name))
					test(`refuses ${scenario.name}`, async () =>
						assertFails(scenario, name, await ask(scenario, name)));
			});

		function ask(scenario: Scenario, name: TransportName): Promise<Outcome> {
			const transport = world.transports.find((other) => other.name === name);
			assert.ok(transport !== undefined);
			return transport.infer(scenario.request);
		}
	});

function runnable(table: readonly Scenario[], name: TransportName): Scenario[] {
	return table.filter(
		({ only }) =>
			only === undefined ||
			only.some((other) => name === other || name === `${other} in chunks`),
	);
}

function assertAnswers({ request, answers }: Scenario, outcome: Outcome): void {
	assert.ok(answers !== undefined);
	assert.ok(outcome.ok, outcome.ok ? "" : outcome.text);
	const { answer } = outcome;
	assert.equal(answer.id, answers.id ?? "");
	assert.equal(answer.model, request.model);
	assert.equal(answer.version, answers.version ?? "1");
	assert.deepEqual(
		answer.outputs.map(({ name, shape, values }) => [name, shape, values]),
		answers.outputs,
	);
}

function assertFails(
	{ fails }: Scenario,
	name: TransportName,
	outcome: Outcome,
): void {
	assert.ok(fails !== undefined);
	assert.ok(!outcome.ok, "it was answered");
	assert.ok(outcome.text.includes(fails.text), outcome.text);
	const status = STATUS[fails.status];
	const isHttp = name.startsWith("HTTP");
	const inStream = name === "gRPC stream" && outcome.status === null;
	if (!inStream)
		assert.equal(
			outcome.status,
			isHttp ? status.http : status.grpc,
			outcome.text,
		);
}
