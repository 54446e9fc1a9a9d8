import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UsageError } from "../usage-error.ts";
import { type BenchFlags, parseBenchPlan } from "./plan.ts";

const FLAGS: BenchFlags = {
	model: "mlp",
	url: "127.0.0.1:8001",
	protocol: "grpc",
	fps: "30",
	deadlineMs: "50",
	seconds: "10",
	warmUpSeconds: "1",
	seed: "1",
};

describe("the options of saccade bench", () => {
	test("become a plan: one request at a time unless told otherwise", () => {
		const plan = parseBenchPlan(FLAGS);
		assert.deepEqual(plan.arrivals, { kind: "closed", inFlight: 1 });
		assert.equal(plan.port, 8001);
		assert.equal(plan.connections, 4);
	});

	test("a rate and cameras are open loops", () => {
		assert.deepEqual(parseBenchPlan({ ...FLAGS, rate: "250" }).arrivals, {
			kind: "poisson",
			ratePerSecond: 250,
		});
		assert.deepEqual(parseBenchPlan({ ...FLAGS, cameras: "8" }).arrivals, {
			kind: "cameras",
			cameraCount: 8,
			framesPerSecond: 30,
		});
	});

	test("HTTP opens as many connections as requests are under way", () => {
		const plan = { ...FLAGS, protocol: "http", concurrency: "7" };
		assert.equal(parseBenchPlan(plan).connections, 7);
	});

	test("an IPv6 address is told without its brackets", () => {
		assert.equal(parseBenchPlan({ ...FLAGS, url: "[::1]:9" }).host, "::1");
	});

	test("a stream is one connection, and may do without a model: then it sends plain readings", () => {
		const { model: _, ...noModel } = FLAGS;
		const plan = parseBenchPlan({ ...noModel, protocol: "stream" });
		assert.equal(plan.model, null);
		assert.equal(plan.connections, 1);
		assert.throws(() => parseBenchPlan(noModel), /--model names the model/);
	});

	const wrong: Partial<BenchFlags>[] = [
		{ protocol: "rest" },
		{ url: "nowhere" },
		{ url: "https://127.0.0.1:8001" },
		{ rate: "10", concurrency: "2" },
		{ rate: "-1" },
		{ rate: "Infinity" },
		{ concurrency: "1.5" },
		{ concurrency: "0" },
		{ cameras: "1000001" },
		{ deadlineMs: "soon" },
		{ seconds: "0" },
		{ seed: "x" },
	];
	for (const flags of wrong)
		test(`${JSON.stringify(flags)} is refused, and the text says what to write`, () => {
			assert.throws(
				() => parseBenchPlan({ ...FLAGS, ...flags }),
				(error) => error instanceof UsageError && error.message.length > 20,
			);
		});
});
