// `saccade doctor` on real trouble: what it finds, and what it says to do.
import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { makeModelRepository } from "../support/model-repository.ts";
import { saccade } from "./support/command.ts";

interface Finding {
	readonly check: string;
	readonly state: string;
	readonly found: string;
	readonly remedy: string;
}

/** Ports that are surely free are those that the system picks: 0. */
const FREE = ["--http-port=0", "--grpc-port=0", "--metrics-port=0"];

async function examine(...args: readonly string[]) {
	const { code, stdout } = await saccade([
		"doctor",
		"--json",
		...FREE,
		...args,
	]);
	const findings = JSON.parse(stdout) as Finding[];
	const find = (check: string) =>
		findings.find((finding) => finding.check === check) ??
		assert.fail(`no finding '${check}'`);
	return { code, findings, find };
}

describe("saccade doctor", () => {
	test("finds nothing wrong where a server would start, and exits with 0", async (t) => {
		const repository = makeModelRepository(t, "mlp");
		const { code, findings, find } = await examine("-r", repository);
		assert.equal(code, 0, JSON.stringify(findings));
		assert.match(find("model mlp").found, /loads, versions 1/);
		assert.match(find("library").found, /onnxruntime \d/);
	});

	test("names a port in use and the option for another", async (t) => {
		const taken = createServer().listen(0, "127.0.0.1");
		t.after(() => taken.close());
		await once(taken, "listening");
		const { port } = taken.address() as AddressInfo;
		const { code, find } = await examine(`--grpc-port=${port}`);
		assert.equal(code, 1);
		const { state, found, remedy } = find("port grpc");
		assert.equal(state, "fail");
		assert.match(found, new RegExp(`${port} .*EADDRINUSE`));
		assert.match(remedy, /--grpc-port/);
	});

	test("names a repository that is not there", async () => {
		const { code, find } = await examine("-r", "/nowhere");
		assert.equal(code, 1);
		assert.equal(find("repository").state, "fail");
		assert.match(find("repository").found, /\/nowhere .*ENOENT/);
	});

	test("names the model that does not load, why, and goes on with the others", async (t) => {
		const repository = makeModelRepository(
			t,
			"mlp",
			"bad_op",
			"not_a_model",
			"simple",
		);
		rmSync(join(repository, "simple", "1"), { recursive: true });
		const { code, find } = await examine("-r", repository);
		assert.equal(code, 1);
		assert.equal(find("model mlp").state, "ok");
		for (const [model, reason] of [
			["bad_op", /Teleport/],
			["not_a_model", /./],
			["simple", /version/],
		] as const) {
			const { state, found, remedy } = find(`model ${model}`);
			assert.equal(state, "fail");
			assert.match(found, reason);
			assert.notEqual(remedy, "");
		}
	});

	test("prints a table for people", async () => {
		const { code, stdout } = await saccade(["doctor", ...FREE]);
		assert.equal(code, 0);
		assert.match(stdout, /^ok +node +24\./);
	});

	test("refuses a port that is none", async () => {
		const { code, stderr } = await saccade(["doctor", "--http-port=x"]);
		assert.equal(code, 2);
		assert.match(stderr, /--http-port: a whole number is needed, got 'x'/);
	});
});
