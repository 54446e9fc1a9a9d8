// @saccade/client and the real command: what a vehicle does when its server is killed.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { commandOf, type HeldCommand, HttpClient } from "@saccade/client";
import { GrpcClient, hostClock } from "@saccade/client/grpc";
import { serve } from "./support/command.ts";

const ARGS = [
	`--model-repository=${fileURLToPath(new URL("../../models/repository", import.meta.url))}`,
	"--model-control-mode=explicit",
];
const SAFE = { action: "brake", reasons: ["no-server"], targets: [] };
/** How late a timer may be on a machine that is busy with other tests. */
const LATE_NS = 500_000_000n;

for (const transport of ["gRPC", "WebSocket"] as const)
	test(
		`when the server is killed in the middle of a stream, the safe command holds as soon as the last decision runs out (${transport})`,
		{
			timeout: 60_000,
		},
		(t) => killServer(t, transport),
	);

async function killServer(
	t: TestContext,
	transport: "gRPC" | "WebSocket",
): Promise<void> {
	const serving = await serve(t, ARGS);
	const grpc = new GrpcClient(serving.grpc);
	t.after(() => grpc.close());
	const client = transport === "gRPC" ? grpc : new HttpClient(serving.http);
	const told: { readonly held: HeldCommand; readonly atNs: bigint }[] = [];
	const decided = Promise.withResolvers<void>();
	const silent = Promise.withResolvers<void>();
	const stream = client.openStream(
		{
			sensors: [{ deviceId: "range", periodMs: 20 }],
			clockDomain: "host-monotonic",
			safeCommand: SAFE,
		},
		{
			onCommand: (held) => {
				told.push({ held, atNs: hostClock.nowNs() });
				if (held.kind === "decision" && told.length === 5) decided.resolve();
				if (held.kind === "safe") silent.resolve();
			},
		},
	);
	await stream.opened;
	// Goes on and on, so that the kill comes in the middle of it.
	const sensor = setInterval(
		() =>
			stream.send({
				timestampNs: hostClock.nowNs(),
				deviceId: "range",
				value: 12,
			}),
		20,
	);
	t.after(() => clearInterval(sensor));
	await decided.promise;
	serving.process.kill("SIGKILL");
	await assert.rejects(stream.ended, { code: "UNAVAILABLE" });
	assert.equal(commandOf(stream.command).action, "keep", "it is still valid");
	await silent.promise;

	const last = told.findLast(({ held }) => held.kind === "decision")?.held;
	const safe = told.at(-1);
	assert.ok(last?.kind === "decision" && safe !== undefined);
	assert.deepEqual(safe.held, {
		kind: "safe",
		command: SAFE,
		because: "silence",
	});
	const { validUntilNs } = last.decision;
	assert.ok(
		safe.atNs <= validUntilNs + LATE_NS,
		`${(safe.atNs - validUntilNs) / 1_000_000n} ms after the decision ran out`,
	);
	assert.ok(
		safe.atNs >= validUntilNs - 2_000_000n,
		"a decision that is valid is not given up",
	);
	assert.deepEqual(stream.command, safe.held);
	assert.equal(
		stream.send({ timestampNs: hostClock.nowNs(), deviceId: "range" }),
		"closed",
	);
}
