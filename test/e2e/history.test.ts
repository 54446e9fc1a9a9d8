// The audit log and the manifests as an operator meets them: commands, a running server, files.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { makeKey } from "../../packages/server/src/common/testing/make-key.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { saccade, serve } from "./support/command.ts";

const KEY = makeKey();
const WITHIN = { timeout: 120_000 };

/** A server that has come and gone, with its state and its log. */
async function setUp(t: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), "saccade-history-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const at = (name: string) => join(folder, name);
	writeFileSync(at("key.pem"), KEY.privatePem, { mode: 0o600 });
	writeFileSync(at("key.pub.pem"), KEY.publicPem);
	const repository = makeModelRepository(t, "simple");
	const run = async () => {
		const serving = await serve(t, [
			`--model-repository=${repository}`,
			"--model-control-mode=explicit",
			"--load-model=simple",
			`--state-dir=${folder}`,
			`--audit-key=${at("key.pem")}`,
		]);
		await fetch(`http://${serving.http}/v2/repository/models/simple/unload`, {
			method: "POST",
		});
		serving.process.kill("SIGTERM");
		assert.equal(await serving.exited, 0);
		return serving.errors();
	};
	writeFileSync(at("server.log"), await run());
	const history = async (...args: readonly string[]) => {
		const { code, stdout, stderr } = await saccade([
			...["models", "history", "--json", `--state-dir=${folder}`],
			...args,
		]);
		assert.ok(stdout !== "", stderr);
		return { code, ...JSON.parse(stdout) };
	};
	const change = (sql: string) => {
		const db = new DatabaseSync(at("audit.db"));
		db.exec(`DROP TRIGGER event_stays; DROP TRIGGER event_is_kept; ${sql}`);
		db.close();
	};
	return { at, folder, run, history, change };
}

test(
	"a server leaves a log of what it did, which its key and its own log vouch for",
	WITHIN,
	async (t) => {
		const { at, folder, run, history, change } = await setUp(t);
		assert.equal(statSync(at("audit.db")).mode & 0o777, 0o600);
		const proof = [`--key=${at("key.pub.pem")}`, `--log=${at("server.log")}`];
		const { code, events, verified } = await history("--verify", ...proof);
		assert.deepEqual([code, verified.problems], [0, []]);
		assert.equal(verified.signedBy, KEY.verifying.id);
		assert.equal(events[0].what, "server-started");
		assert.deepEqual(
			events.map(({ what, model }: { what: string; model: string }) =>
				`${what} ${model}`.trim(),
			),
			[
				"server-started",
				"load simple",
				"unload simple",
				"release simple",
				"server-stopped",
			],
		);
		const [, load, unload] = events;
		assert.equal(load.who.by, "start");
		assert.equal(load.result, "ok");
		assert.equal(load.to[0].version, 1);
		assert.ok(load.durationsMs.total >= load.durationsMs.loading);
		assert.equal(unload.who.by, "api");
		assert.match(unload.who.caller, /^http 127\.0\.0\.1/);
		assert.equal(unload.from[0].version, 1);
		const text = await saccade(["models", "history", `--state-dir=${folder}`]);
		assert.match(text.stdout, /1\s+\d{4}-\S+Z\s+server-started/);
		// Cut back to an earlier end: the events are gone, what the server told is not.
		await run();
		change("DELETE FROM event WHERE seq > 1");
		const cut = await history("--verify", ...proof);
		assert.equal(cut.code, 1);
		assert.match(cut.verified.problems.join(), /the end was cut off/);
		assert.equal((await history()).code, 0, "nobody asked whether it is whole");
	},
);

test("what cannot be read says so, and what to do", WITHIN, async (t) => {
	const { folder, history } = await setUp(t);
	const absent = await saccade(["models", "history", "--state-dir=/nowhere"]);
	assert.equal(absent.code, 1);
	assert.match(absent.stderr, /no audit log at .*--state-dir/);
	for (const [args, message] of [
		[["--last=0"], /--last 0/],
		[[`--key=${join(folder, "audit.db")}`], /no ed25519 public key/],
		[[`--log=${join(folder, "key.pub.pem")}`], /no line says where/],
	] as const) {
		const { code, stderr } = await saccade([
			...["models", "history", `--state-dir=${folder}`],
			...args,
		]);
		assert.equal(code, 2);
		assert.match(stderr, message);
	}
	assert.equal((await history("nope")).events.length, 0);
});

test("a key that is none keeps the server from starting", WITHIN, async (t) => {
	const { folder } = await setUp(t);
	const repository = makeModelRepository(t);
	for (const [option, message] of [
		["--audit-key=/nowhere", /--audit-key cannot be read/],
		[`--audit-key=${join(folder, "server.log")}`, /openssl genpkey/],
		["--model-integrity=signature", /needs --model-integrity-key/],
		["--model-integrity-key=/nowhere", /cannot be read/],
	] as const) {
		const { code, stderr } = await saccade([
			...["serve", `--model-repository=${repository}`, option],
			...(option.includes("key=/") ? ["--model-integrity=signature"] : []),
		]);
		assert.equal(code, 1, stderr);
		assert.match(stderr, message);
	}
});

test(
	"a model is signed, found right, and found wrong once it was changed",
	WITHIN,
	async (t) => {
		const { at } = await setUp(t);
		const repository = makeModelRepository(t, "simple");
		const command = (...args: readonly string[]) =>
			saccade(["models", ...args, `--model-repository=${repository}`]);
		const signed = await command("sign", "simple", `--key=${at("key.pem")}`);
		assert.match(signed.stdout, /simple version 1: 1 files .* signed by key/);
		const verify = () =>
			command("verify", "simple", `--key=${at("key.pub.pem")}`);
		const right = await verify();
		assert.equal(right.code, 0, right.stdout + right.stderr);
		writeFileSync(join(repository, "simple", "1", "model.onnx"), "changed");
		const wrong = await verify();
		assert.equal(wrong.code, 1);
		assert.match(wrong.stdout, /model\.onnx has 7 bytes/);
		const absent = await command("sign", "nope");
		assert.equal(absent.code, 2);
		assert.match(absent.stderr, /no model 'nope' \(it has: simple\)/);
	},
);
