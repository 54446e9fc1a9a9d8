// The end of a serving process, told as one log.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { status as Status } from "@grpc/grpc-js";
import { HealthCheckResponse_ServingStatus as Serving } from "@saccade/protocol/gen/grpc/health/v1/health_pb.js";
import { addFakeModel } from "../support/fake-model.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { type Serving as ServingProcess, serve } from "./support/command.ts";
import { openGrpc } from "./support/grpc.ts";

/** Long against everything else that the test does, short for who waits. */
const RUN_MS = 2000;

function inferOverHttp({ http }: ServingProcess): Promise<Response> {
	return fetch(`http://${http}/v2/models/slow/infer`, {
		method: "POST",
		body: JSON.stringify({
			inputs: [{ name: "INPUT0", datatype: "FP32", shape: [1, 1], data: [7] }],
		}),
	});
}

async function pendingCount({ metrics }: ServingProcess): Promise<number> {
	const answer = await fetch(`http://${metrics}/metrics`);
	const match = /nv_inference_pending_request_count\{.*\} (\d+)/.exec(
		await answer.text(),
	);
	return Number(match?.[1]);
}

/** Asks until it is so; a test's own time limit ends it otherwise. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
	while (!(await isSo())) await new Promise(setImmediate);
}

/** Two requests that the server has taken: one runs, the other waits for its lane. */
async function twoUnderWay(
	serving: ServingProcess,
): Promise<{ settled: Promise<PromiseSettledResult<Response>[]> }> {
	const requests = [inferOverHttp(serving), inferOverHttp(serving)];
	const settled = Promise.allSettled(requests);
	await until(async () => (await pendingCount(serving)) === 1);
	return { settled };
}

function slowRepository(t: Parameters<typeof makeModelRepository>[0]): string {
	const repository = makeModelRepository(t);
	addFakeModel(repository, "slow", { curveMs: { 1: RUN_MS } });
	return `--model-repository=${repository}`;
}

describe("SIGTERM", () => {
	test("not ready first, then nothing new, what is under way finishes, exit code 0", async (t) => {
		const serving = await serve(t, [slowRepository(t)]);
		const grpc = openGrpc(t, serving.grpc);
		const log: string[] = [];
		const heard: Serving[] = [];
		const watch = grpc.watch((status) => heard.push(status));
		const stream = grpc.inferStream();
		await until(async () => heard.length > 0);

		const first = inferOverHttp(serving);
		const second = grpc.infer("slow");
		// One runs, the other waits for its lane: both were taken.
		await until(async () => (await pendingCount(serving)) === 1);
		log.push("two requests are under way");
		const answered = Promise.all([first, second]).then(([http, value]) =>
			log.push(`answered: HTTP ${http.status}, gRPC ${value}`),
		);

		serving.process.kill("SIGTERM");
		let ready = { status: 200, text: "" };
		await until(async () => {
			const answer = await fetch(`http://${serving.http}/v2/health/ready`);
			ready = { status: answer.status, text: await answer.text() };
			return ready.status !== 200;
		});
		const { error: why } = JSON.parse(ready.text) as { error: string };
		log.push(`HTTP is not ready: ${ready.status} ${why.slice(0, 14)}`);
		assert.equal(await grpc.isReady(), false);
		log.push("gRPC is not ready");
		const live = await fetch(`http://${serving.http}/v2/health/live`);
		assert.equal(live.status, 200);
		const refused = await inferOverHttp(serving);
		const { error } = (await refused.json()) as { error: string };
		log.push(`HTTP takes nothing new: ${refused.status} ${error.slice(0, 14)}`);
		await assert.rejects(grpc.infer("slow"), { code: Status.UNAVAILABLE });
		log.push("gRPC takes nothing new");
		await watch;
		log.push("the watch has ended");
		assert.equal(await stream, Status.UNAVAILABLE);
		log.push("the idle stream has ended");

		await answered;
		log.push(`exit code ${await serving.exited}`);
		assert.deepEqual(log, [
			"two requests are under way",
			"HTTP is not ready: 503 Server exiting",
			"gRPC is not ready",
			"HTTP takes nothing new: 503 Server exiting",
			"gRPC takes nothing new",
			"the watch has ended",
			"the idle stream has ended",
			"answered: HTTP 200, gRPC 7",
			"exit code 0",
		]);
		assert.deepEqual(heard, [Serving.SERVING, Serving.NOT_SERVING]);
	});

	test("sent again ends the process at once", async (t) => {
		const serving = await serve(t, [slowRepository(t)]);
		const { settled } = await twoUnderWay(serving);
		serving.process.kill("SIGTERM");
		const again = setInterval(() => serving.process.kill("SIGTERM"), 100);
		t.after(() => clearInterval(again));
		assert.equal(await serving.exited, 1);
		for (const { status } of await settled) assert.equal(status, "rejected");
	});

	test("that arrives as several signals at once still drains", async (t) => {
		const serving = await serve(t, [slowRepository(t)]);
		const { settled } = await twoUnderWay(serving);
		serving.process.kill("SIGINT");
		serving.process.kill("SIGTERM");
		for (const result of await settled)
			assert.equal(result.status === "fulfilled" && result.value.status, 200);
		const answeredMs = performance.now();
		assert.equal(await serving.exited, 0);
		// Connections that clients keep do not hold it up until --exit-timeout-secs.
		assert.ok(performance.now() - answeredMs < 20_000);
	});

	test("cuts what takes longer than --exit-timeout-secs", async (t) => {
		const args = [slowRepository(t), "--exit-timeout-secs=1"];
		const serving = await serve(t, args);
		const requests = Array.from({ length: 20 }, () => inferOverHttp(serving));
		const settled = Promise.allSettled(requests);
		await until(async () => (await pendingCount(serving)) === 19);
		const startMs = performance.now();
		serving.process.kill("SIGTERM");
		await serving.exited;
		const tookMs = performance.now() - startMs;
		assert.ok(tookMs < 10 * RUN_MS, `took ${tookMs} ms`);
		const isCut = ({ status }: { status: string }) => status === "rejected";
		assert.ok((await settled).some(isCut));
	});
});
