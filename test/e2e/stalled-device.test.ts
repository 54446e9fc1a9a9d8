// A device that hangs under load, seen by gRPC clients of the real server: what it held is done elsewhere or refused in
// time, it gets nothing while it is silent, and a probe brings it back.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { ServiceError } from "@grpc/grpc-js";
import {
	ModelInferRequestSchema,
	ModelInferResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { addFakeModel } from "../support/fake-model.ts";
import { type MetricsPage, parseMetrics } from "../support/metrics-page.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { until } from "../support/until.ts";
import { serve } from "./support/command.ts";

/** The device hangs again and again, so that a slow start misses no more than the first time. */
const FIRST_HANG_MS = 4000;
const HANG_MS = 3000;
const EVERY_MS = 8000;
const HANGS = 10;

const REQUEST_EVERY_MS = 10;
/** Beyond what a client may notice of a deadline on a busy machine. */
const NOTICE_MS = 2000;
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;

async function start(t: TestContext, { devices }: { devices: string[] }) {
	const repository = makeModelRepository(t);
	addFakeModel(repository, "model");
	writeFileSync(
		join(repository, "model", "config.pbtxt"),
		'backend: "fake" max_batch_size: 8 dynamic_batching { } instance_group { kind: KIND_GPU }',
	);
	const config = join(repository, "saccade.yaml");
	writeFileSync(config, `devices:\n${devices.join("\n")}\n`);
	const serving = await serve(t, [
		`--model-repository=${repository}`,
		`--config=${config}`,
	]);
	const client = new TestClient(serving.grpc);
	const load = new Load(client);
	t.after(async () => {
		await load.end();
		client.close();
	});
	return {
		load,
		page: async (): Promise<MetricsPage> => {
			const answer = await fetch(`http://${serving.metrics}/metrics`);
			return parseMetrics(await answer.text());
		},
	};
}

function hangingDevice(name: string): string {
	const faults = Array.from({ length: HANGS }, (_, index) => {
		const fromMs = FIRST_HANG_MS + index * EVERY_MS;
		return `{ kind: hang, fromMs: ${fromMs}, toMs: ${fromMs + HANG_MS} }`;
	});
	return `  - { name: ${name}, kind: simulated, curveMs: { 1: 5, 8: 10 }, faults: [${faults.join(", ")}] }`;
}

interface Ended {
	/** 0 for an answer. */
	readonly code: number;
	readonly tookMs: number;
	readonly text: string;
}

/** A request every so often, each with its deadline, whatever became of the others. */
class Load {
	readonly ended: Ended[] = [];
	readonly #client: TestClient;
	readonly #pending = new Set<Promise<void>>();
	#timer: NodeJS.Timeout | null = null;

	constructor(client: TestClient) {
		this.#client = client;
	}

	begin(deadlineMs: number): void {
		this.#timer = setInterval(() => {
			const one = this.#request(deadlineMs).finally(() =>
				this.#pending.delete(one),
			);
			this.#pending.add(one);
		}, REQUEST_EVERY_MS);
	}

	/** Resolves when every request has ended. */
	async end(): Promise<readonly Ended[]> {
		if (this.#timer !== null) clearInterval(this.#timer);
		await Promise.all(this.#pending);
		return this.ended;
	}

	async #request(deadlineMs: number): Promise<void> {
		const method = {
			path: "/inference.GRPCInferenceService/ModelInfer",
			request: ModelInferRequestSchema,
			response: ModelInferResponseSchema,
		};
		const startMs = performance.now();
		const end = (code: number, text: string) =>
			this.ended.push({ code, text, tookMs: performance.now() - startMs });
		try {
			// The server's deadline alone, so that what is told is what it decided.
			await this.#client.unary(method, {
				modelName: "model",
				parameters: {
					deadline_ms: {
						parameterChoice: { case: "int64Param", value: BigInt(deadlineMs) },
					},
				},
				inputs: [{ name: "INPUT0", datatype: "FP32", shape: [1n, 1n] }],
				rawInputContents: [new Uint8Array(Float32Array.of(7).buffer)],
			});
			end(0, "");
		} catch (error) {
			const { code, details } = error as ServiceError;
			end(code, details);
		}
	}
}

test("what a hung device held is answered by another, which does its work until a probe brings it back", {
	timeout: 60_000,
}, async (t) => {
	const { load, page } = await start(t, {
		devices: [
			hangingDevice("ailing"),
			"  - { name: sound, kind: simulated, curveMs: { 1: 5, 8: 10 } }",
		],
	});
	const isHealthy = async () =>
		(await page()).value("saccade_device_state", {
			device: "ailing",
			state: "healthy",
		}) === 1;
	const busyS = async () =>
		(await page()).value("saccade_device_busy_seconds_total", {
			device: "ailing",
		});
	load.begin(10_000);
	await until("the device is out of use", async () => !(await isHealthy()));
	await until("the device is back", isHealthy);
	const backS = await busyS();
	await until("it works again", async () => (await busyS()) > backS);
	const ended = await load.end();
	const failed = ended.filter(({ code }) => code !== 0);
	assert.deepEqual(failed, [], "no request is lost");
	const after = await page();
	const hung = { device: "ailing", because: "hung" };
	assert.ok(after.value("saccade_device_losses_total", hung) >= 1);
	assert.equal(
		after.sum("saccade_device_losses_total", { device: "sound" }),
		0,
	);
	assert.ok(after.sum("saccade_device_moved_requests_total") >= 1);
});

test("with no other device every request ends by its deadline while the device hangs, and is answered again afterwards", {
	timeout: 60_000,
}, async (t) => {
	const DEADLINE_MS = 500;
	const { load, page } = await start(t, { devices: [hangingDevice("only")] });
	const isHealthy = async () =>
		(await page()).value("saccade_device_state", {
			device: "only",
			state: "healthy",
		}) === 1;
	load.begin(DEADLINE_MS);
	await until("answers", () => load.ended.some(({ code }) => code === 0));
	await until("the device is out of use", async () => !(await isHealthy()));
	await until("the device is back", isHealthy);
	const before = load.ended.length;
	await until("answers again", () =>
		load.ended.slice(before).some(({ code }) => code === 0),
	);
	const ended = await load.end();
	const failed = ended.filter(({ code }) => code !== 0);
	assert.ok(failed.length > 0);
	for (const { code, text } of failed)
		assert.ok(code === DEADLINE_EXCEEDED || code === UNAVAILABLE, text);
	assert.ok(
		failed.some(
			({ code, tookMs }) => code === UNAVAILABLE && tookMs < DEADLINE_MS,
		),
		"once the loss is known, requests are refused before their deadline",
	);
	for (const { tookMs, text } of ended)
		assert.ok(tookMs < DEADLINE_MS + NOTICE_MS, `${tookMs} ms: ${text}`);
});
