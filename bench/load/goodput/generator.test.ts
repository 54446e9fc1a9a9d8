import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { Generator } from "./generator.ts";
import { GOODPUT_WORKLOADS } from "./workloads.ts";

test("a server that hangs up is told of, and the next one is measured", {
	timeout: 30_000,
}, async (t) => {
	const server = createServer((socket) => {
		socket.on("error", () => {});
		socket.once("data", () => socket.resetAndDestroy());
	}).listen(0, "127.0.0.1");
	t.after(() => server.close());
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	const { model } = GOODPUT_WORKLOADS[0]!;
	const generator = new Generator({ model, expected: [] });
	t.after(() => generator.close());
	const job = {
		connections: 1,
		ratePerSecond: 10,
		seed: 1,
		deadlineMs: 50,
		leadMs: 1,
		windowMs: 10_000,
		maxOutstanding: 10,
	};
	const loaded = { pids: [process.pid], port };
	for (let time = 0; time < 2; time++)
		await assert.rejects(generator.measure(loaded, job), /hung up/);
});
