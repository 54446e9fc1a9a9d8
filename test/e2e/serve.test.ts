// `saccade serve` as a user meets it: options in every form, warnings, and what stops a start.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { makeModelRepository } from "../support/model-repository.ts";
import { saccade, serve } from "./support/command.ts";

async function metadata(http: string): Promise<{ name: string }> {
	const answer = await fetch(`http://${http}/v2`);
	return (await answer.json()) as { name: string };
}

describe("saccade serve", () => {
	test("takes Triton's names as --x v and as --x=v, warns of what has no effect, and starts", async (t) => {
		const repository = makeModelRepository(t, "mlp", "simple");
		const serving = await serve(t, [
			"--model-repository",
			repository,
			"--model-control-mode=explicit",
			"--load-model",
			"mlp",
			"--id=robot",
			"--strict-readiness",
			"false",
			"--http-thread-count=8",
			"--rate-limit",
			"off",
		]);
		assert.equal((await metadata(serving.http)).name, "robot");
		const ready = async (model: string) =>
			(await fetch(`http://${serving.http}/v2/models/${model}/ready`)).status;
		assert.equal(await ready("mlp"), 200);
		assert.notEqual(await ready("simple"), 200);
		for (const flag of ["http-thread-count", "rate-limit"])
			assert.match(
				serving.errors(),
				new RegExp(`"warn".*--${flag} has no effect`),
			);
	});

	test("starts with nothing but a simulated device, whose runs are timers", async (t) => {
		const repository = makeModelRepository(t);
		const home = join(repository, "device");
		const tensor = { name: "x", dtype: "FP32", shape: [-1, 2] };
		mkdirSync(join(home, "1"), { recursive: true });
		writeFileSync(
			join(home, "1", "model.json"),
			JSON.stringify({
				inputs: [tensor],
				outputs: [{ ...tensor, name: "y" }],
				curveMs: { 1: 20, 8: 30 },
			}),
		);
		writeFileSync(
			join(home, "config.pbtxt"),
			'backend: "fake" max_batch_size: 8 dynamic_batching { }',
		);
		const serving = await serve(t, ["--model-repository", repository]);
		const url = `http://${serving.http}/v2/models/device/ready`;
		assert.equal((await fetch(url)).status, 200);
	});

	test("reads the file under --config, the environment over it, and flags over both", async (t) => {
		const repository = makeModelRepository(t, "mlp");
		const file = join(repository, "saccade.yaml");
		writeFileSync(
			file,
			`server:\n  model-repository: [${repository}]\n  id: file\n  exit-timeout-secs: 3\n`,
		);
		const args = ["--config", file];
		const fromFile = await serve(t, args);
		assert.equal((await metadata(fromFile.http)).name, "file");
		const env = { SACCADE_ID: "environment" };
		const fromEnv = await serve(t, args, { env });
		assert.equal((await metadata(fromEnv.http)).name, "environment");
		const fromFlag = await serve(t, [...args, "--id=flag"], { env });
		assert.equal((await metadata(fromFlag.http)).name, "flag");
	});

	test("says every problem of its options at once and exits with 2", async () => {
		const { code, stderr, stdout } = await saccade([
			"serve",
			"--model-repositroy=x",
			"--http-port=many",
			"--grpc-use-ssl=true",
			"--http-restricted-api=x",
			"--config-nonsense",
		]);
		assert.equal(code, 2);
		assert.equal(stdout, "");
		assert.equal(stderr.trim().split("\n").length, 5);
		assert.match(stderr, /--model-repositroy is not an option; did you mean/);
		assert.match(stderr, /--http-port .*whole number.*'many'/);
		assert.match(stderr, /--grpc-use-ssl is not enforced/);
	});

	for (const [what, args, expected, text] of [
		["no repository", [], 2, /--model-repository/],
		[
			"a configuration file that is not there",
			["--config=/nowhere.yaml"],
			2,
			/nowhere\.yaml/,
		],
		[
			"a repository that is not there",
			["--model-repository=/nowhere"],
			1,
			/\/nowhere .*ENOENT/,
		],
	] as const)
		test(`with ${what} exits with ${expected} and says what is missing`, async () => {
			const { code, stderr } = await saccade(["serve", ...args]);
			assert.equal(code, expected);
			assert.match(stderr, text);
		});

	test("with a model that does not load exits with 1, and serves without it under --exit-on-error=false", async (t) => {
		const repository = makeModelRepository(t, "mlp", "bad_op");
		const args = [`--model-repository=${repository}`];
		const { code, stderr } = await saccade(["serve", ...args]);
		assert.equal(code, 1);
		assert.match(stderr, /bad_op.*Teleport/);
		const serving = await serve(t, [
			...args,
			"--exit-on-error=false",
			"--strict-readiness=false",
		]);
		const index = await saccade(["models", "list", "-u", serving.http]);
		assert.match(index.stdout, /bad_op +1? *UNAVAILABLE/);
	});

	test("with a port in use exits with 1 and names the option", async (t) => {
		const taken = createServer().listen(0, "127.0.0.1");
		t.after(() => taken.close());
		await once(taken, "listening");
		const { port } = taken.address() as AddressInfo;
		const repository = makeModelRepository(t, "mlp");
		for (const name of ["http", "grpc", "metrics"]) {
			const others = ["http", "grpc", "metrics"].filter((o) => o !== name);
			const { code, stderr } = await saccade([
				"serve",
				`--model-repository=${repository}`,
				`--${name}-port=${port}`,
				...others.map((other) => `--${other}-port=0`),
			]);
			assert.equal(code, 1);
			assert.match(stderr, new RegExp(`${name} cannot listen on.*${port}`));
			assert.match(stderr, new RegExp(`--${name}-port`));
		}
	});
});

describe("the command line", () => {
	for (const command of [
		"serve",
		"infer",
		"models list",
		"models show",
		"models explain",
		"models load",
		"models unload",
		"doctor",
		"sysinfo",
	])
		test(`saccade ${command} --help shows an example and exits with 0`, async () => {
			const { code, stdout } = await saccade([...command.split(" "), "--help"]);
			assert.equal(code, 0);
			assert.match(stdout, new RegExp(`Examples?:\\n +saccade ${command} `));
		});

	test("--version says the version of the package", async () => {
		const { code, stdout } = await saccade(["--version"]);
		assert.equal(code, 0);
		assert.match(stdout, /^saccade \d+\.\d+\.\d+\n$/);
	});

	for (const args of [[], ["infre"], ["infer"], ["infer", "mlp", "--scael=1"]])
		test(`'saccade ${args.join(" ")}' is no command: exit code 2`, async () => {
			const { code, stdout, stderr } = await saccade(args);
			assert.equal(code, 2);
			assert.equal(stdout, "");
			assert.notEqual(stderr, "");
		});

	test("sysinfo --json tells versions, cores, memory and providers", async () => {
		const { code, stdout } = await saccade(["sysinfo", "--json"]);
		assert.equal(code, 0);
		const facts = JSON.parse(stdout);
		assert.equal(facts.node, process.version);
		assert.ok(facts.coresUsable >= 1);
		assert.ok(facts.providers.includes("cpu"));
	});
});
