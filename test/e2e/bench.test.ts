// `saccade bench` against a real server process, over every protocol and with every kind of arrivals.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { BenchReport } from "../../packages/server/src/cli/bench/render.ts";
import { addFakeModel } from "../support/fake-model.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { type Serving, saccade, serve } from "./support/command.ts";

const QUICK = ["--seconds", "0.5", "--warm-up-seconds", "0.2"];

describe("saccade bench", { timeout: 120_000 }, () => {
	const cleanups: (() => void)[] = [];
	const own = { after: (clean: () => void) => cleanups.push(clean) };
	let serving: Serving;
	before(async () => {
		const repository = makeModelRepository(own, "mlp", "simple_string");
		// Slower than what is offered, so that the server has to refuse.
		addFakeModel(repository, "slow", { curveMs: { 1: 100 } });
		serving = await serve(own, [`--model-repository=${repository}`]);
	});
	after(() => {
		for (const clean of cleanups.reverse()) clean();
	});

	const bench = async (...args: string[]): Promise<BenchReport> => {
		const { code, stdout, stderr } = await saccade([
			"bench",
			"--json",
			...QUICK,
			...args,
		]);
		assert.equal(code, 0, stderr);
		return JSON.parse(stdout);
	};
	const sum = ({ outcomes }: BenchReport) =>
		Object.values(outcomes).reduce((a, b) => a + b, 0);

	test("offers a rate over gRPC; each request has one outcome, and answers their latencies", async () => {
		const report = await bench(
			...["--model", "mlp", "--url", serving.grpc, "--rate", "200"],
		);
		assert.equal(report.offeredPerSecond, 200);
		assert.ok(report.scheduled > 50, String(report.scheduled));
		assert.equal(sum(report), report.scheduled);
		assert.equal(report.outcomes.failed, 0);
		assert.ok(report.inTimePerSecond > 0);
		const { p50, p99, p999, max } = report.latencyMs;
		assert.ok(p50! > 0 && p50! <= p99! && p99! <= p999! && p999! <= max!);
	});

	test("sends frames of cameras over HTTP", async () => {
		const report = await bench(
			...["--model", "simple_string", "--protocol", "http"],
			...["--url", serving.http, "--cameras", "5", "--fps", "20"],
		);
		assert.equal(report.offeredPerSecond, 100);
		assert.ok(Math.abs(report.scheduled - 50) <= 5, String(report.scheduled));
		assert.equal(sum(report), report.scheduled);
		assert.ok(report.outcomes.inTime > 0, JSON.stringify(report));
	});

	test("keeps requests under way in a closed loop, over both protocols", async () => {
		for (const [protocol, url] of [
			["grpc", serving.grpc],
			["http", serving.http],
		] as const) {
			const report = await bench(
				...["--model", "mlp", "--protocol", protocol],
				...["--url", url, "--concurrency", "4"],
			);
			assert.equal(report.offeredPerSecond, null);
			assert.equal(sum(report), report.scheduled);
			assert.ok(report.outcomes.inTime > 10, JSON.stringify(report));
			assert.equal(report.outcomes.failed, 0);
		}
	});

	test("sends plain readings, and frames for a model, over sensor streams; each has one outcome", async () => {
		const stream = ["--protocol", "stream", "--url", serving.grpc];
		const plain = await bench(...stream, "--rate", "2000");
		assert.equal(plain.model, null);
		assert.ok(plain.scheduled > 500, String(plain.scheduled));
		assert.equal(sum(plain), plain.scheduled);
		assert.equal(plain.outcomes.failed, 0);
		assert.ok(plain.outcomes.inTime > 0);
		const frames = await bench(
			...[...stream, "--model", "mlp", "--concurrency", "8"],
		);
		assert.equal(sum(frames), frames.scheduled);
		assert.equal(frames.outcomes.failed, 0);
		assert.ok(frames.outcomes.inTime > 10, JSON.stringify(frames));
		const shed = await bench(
			...[...stream, "--model", "slow", "--shape", "INPUT0:1,8"],
			...["--rate", "100", "--deadline-ms", "300"],
		);
		assert.ok(shed.outcomes.shed > 0, JSON.stringify(shed.outcomes));
		assert.equal(sum(shed), shed.scheduled);
	});

	test("tells what the server refused, and why", async () => {
		const report = await bench(
			...["--model", "slow", "--url", serving.grpc],
			...["--rate", "100", "--deadline-ms", "300", "--shape", "INPUT0:1,8"],
		);
		assert.ok(report.outcomes.shed > 0, JSON.stringify(report.outcomes));
		assert.ok(report.refusedBecause["cannot-finish"]! > 0);
	});

	test("prints for people", async () => {
		const { code, stdout } = await saccade([
			...["bench", "--model", "mlp", "--url", serving.grpc, "--rate", "50"],
			...QUICK,
		]);
		assert.equal(code, 0);
		assert.match(stdout, /^model +mlp over grpc/m);
		assert.match(stdout, /^latency +p50 .* p99\.9 /m);
		assert.match(stdout, /^in time +.*within 1000 ms/m);
	});

	test("fails with a sentence for an unknown model, nobody at the address, and a wrong option", async () => {
		const asked = async (...args: string[]) => saccade(["bench", ...args]);
		for (const [protocol, url] of [
			["grpc", serving.grpc],
			["http", serving.http],
			["stream", serving.grpc],
		] as const) {
			const unknown = await asked(
				...["--model", "absent", "--protocol", protocol, "--url", url],
			);
			assert.equal(unknown.code, 1);
			assert.match(unknown.stderr, /absent/);
		}
		const nobody = await asked("--model", "mlp", "--url", "127.0.0.1:1");
		assert.equal(nobody.code, 1);
		assert.match(nobody.stderr, /no gRPC server answers at 127\.0\.0\.1:1/);
		const wrong = await asked("--model", "mlp", "--rate", "fast");
		assert.equal(wrong.code, 2);
		assert.match(wrong.stderr, /--rate is a number above 0/);
	});

	test("explains itself, with an example", async () => {
		const { code, stdout } = await saccade(["bench", "--help"]);
		assert.equal(code, 0);
		assert.match(stdout, /saccade bench --model mlp --rate 2000/);
	});
});
