// The launcher, in real processes: which Node runs, and what it hands on.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { makeModelRepository } from "../support/model-repository.ts";
import { findOlderNode, saccade, serve } from "./support/command.ts";

const node = await findOlderNode();
if (node === null)
	process.stderr.write("SKIPPED: no Node 20 to 23 is installed here\n");

function childrenOf(pid: number | undefined): string {
	return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
}

describe("under Node 24 the launcher", () => {
	test("goes on in place", async (t) => {
		const serving = await serve(t, [
			`--model-repository=${makeModelRepository(t, "mlp")}`,
		]);
		assert.equal(childrenOf(serving.process.pid), "");
		const answer = await fetch(`http://${serving.http}/v2/health/ready`);
		assert.equal(answer.status, 200);
	});
});

describe("under an older Node the launcher", {
	skip: node === null && "no older Node is installed",
}, () => {
	const older = { node: node ?? "" };

	test("runs the packaged Node 24", async () => {
		const { code, stdout } = await saccade(["sysinfo", "--json"], older);
		assert.equal(code, 0);
		assert.match(JSON.parse(stdout).node, /^v24\./);
	});

	for (const [args, expected] of [
		[["--version"], 0],
		[["infer", "mlp", "--model-repository=/nowhere"], 1],
		[["serve", "--no-such-option"], 2],
	] as const)
		test(`hands on exit code ${expected}`, async () => {
			assert.equal((await saccade(args, older)).code, expected);
		});

	for (const signal of ["SIGTERM", "SIGINT"] as const)
		test(`hands ${signal} on, and the server drains`, async (t) => {
			const repository = makeModelRepository(t, "mlp");
			const args = [`--model-repository=${repository}`];
			const serving = await serve(t, args, older);
			assert.notEqual(childrenOf(serving.process.pid), "");
			serving.process.kill(signal);
			assert.equal(await serving.exited, 0);
			await serving.silent;
			assert.match(serving.errors(), /draining/);
		});

	test("takes the server with it, even by SIGKILL", async (t) => {
		const repository = makeModelRepository(t, "mlp");
		const args = [`--model-repository=${repository}`];
		const serving = await serve(t, args, older);
		serving.process.kill("SIGKILL");
		// The server holds the same standard output: it closes when both are gone.
		await serving.silent;
		await assert.rejects(fetch(`http://${serving.http}/v2/health/live`));
		assert.match(serving.errors(), /draining/);
	});
});
