// Models that load when they are asked for, in the whole server: what clients hear until then, over both transports.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { frame, GrpcWire } from "../support/grpc-wire.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer } from "../support/test-server.ts";
import { until } from "../support/until.ts";

const WITHIN = { timeout: 60_000 };
const BODY = JSON.stringify({
	inputs: ["INPUT0", "INPUT1"].map((name) => ({
		name,
		datatype: "INT32",
		shape: [1, 16],
		data: Array(16).fill(1),
	})),
});

async function setUp(t: TestContext, ...args: readonly string[]) {
	const repository = makeModelRepository(t, "simple", "add_sub");
	const server = await startTestServer(repository, "--load-on-demand", ...args);
	t.after(() => server.close());
	const base = `http://127.0.0.1:${server.http.port}`;
	const infer = (model: string) =>
		fetch(`${base}/v2/models/${model}/infer`, { method: "POST", body: BODY });
	const states = async () => {
		const answer = await fetch(`${base}/v2/repository/index`, {
			method: "POST",
		});
		const entries = (await answer.json()) as { name: string; state?: string }[];
		return entries.map(({ name, state = "none" }) => `${name} ${state}`);
	};
	return { server, base, infer, states };
}

test(
	"nothing loads until it is asked for, and the server is ready",
	WITHIN,
	async (t) => {
		const { base, infer, states } = await setUp(t);
		assert.deepEqual(await states(), ["add_sub none", "simple none"]);
		assert.equal((await fetch(`${base}/v2/health/ready`)).status, 200);
		// Who looks after a server must not load its models.
		const ready = await fetch(`${base}/v2/models/simple/ready`);
		assert.equal(ready.status, 404);
		const first = await infer("simple");
		assert.equal(first.status, 503);
		assert.equal(first.headers.get("retry-after"), "1");
		assert.match(await first.text(), /being loaded, because it was asked for/);
		await until(
			"it serves",
			async () => (await infer("simple")).status === 200,
		);
		assert.deepEqual(await states(), ["add_sub none", "simple READY"]);
		assert.equal((await infer("nope")).status, 404);
	},
);

test(
	"metadata loads a model as well, since clients ask for it first",
	WITHIN,
	async (t) => {
		const { base } = await setUp(t);
		for (const path of ["simple", "add_sub/config"]) {
			const ask = () => fetch(`${base}/v2/models/${path}`);
			const first = await ask();
			assert.equal(first.status, 503);
			assert.ok(first.headers.get("retry-after"));
			await until("it serves", async () => (await ask()).status === 200);
		}
	},
);

test(
	"over gRPC the answer says when to come back, as RetryInfo",
	WITHIN,
	async (t) => {
		const { server } = await setUp(t);
		const wire = new GrpcWire(server.grpcAddress);
		t.after(() => wire.close());
		const name = Buffer.from("\x0a\x06simple");
		const reply = await wire.call(
			"/inference.GRPCInferenceService/ModelMetadata",
			frame(name),
		);
		assert.equal(reply.status, 14, reply.message);
		const details = Buffer.from(
			reply.trailer("grpc-status-details-bin"),
			"base64",
		);
		const type = "type.googleapis.com/google.rpc.RetryInfo";
		const at = details.indexOf(type) + type.length;
		// Any.value: its tag, its length, RetryInfo.retry_delay's tag, its length, a Duration.
		const delay = fromBinary(DurationSchema, details.subarray(at + 4));
		assert.ok(delay.seconds * 1_000_000_000n + BigInt(delay.nanos) > 0n);
		await until("it serves", async () => {
			const { status } = await wire.call(
				"/inference.GRPCInferenceService/ModelMetadata",
				frame(name),
			);
			return status === 0;
		});
	},
);

test(
	"a model that does not fit says who has the memory, and is not loaded",
	WITHIN,
	async (t) => {
		const { infer, states } = await setUp(t, "--model-memory-budget=100");
		await infer("simple");
		await until("it was tried", async () =>
			/more than its budget of 100/.test(await (await infer("simple")).text()),
		);
		assert.deepEqual(await states(), ["add_sub none", "simple UNAVAILABLE"]);
	},
);

test(
	"the budget of one device is its own, and a device that is not there is told at the start",
	WITHIN,
	async (t) => {
		const { infer } = await setUp(t, "--model-memory-budget=100,cpu=0");
		await until(
			"it serves",
			async () => (await infer("simple")).status === 200,
		);
		await assert.rejects(setUp(t, "--model-memory-budget=gpu7=5"), {
			message: /names the device 'gpu7'; there are cpu/,
		});
	},
);
