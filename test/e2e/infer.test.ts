// `saccade infer` and `saccade models`: here and on a server, every kind of input, both forms of output.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeModelRepository } from "../support/model-repository.ts";
import {
	type Finished,
	type Serving,
	saccade,
	serve,
} from "./support/command.ts";

const VALUES = Array.from({ length: 16 }, (_, i) => i + 1);
const ONES = VALUES.map(() => 1);

/** An .npy file, version 1.0, of INT32. */
function npy(values: readonly number[]): Buffer {
	const header = `{'descr': '<i4', 'fortran_order': False, 'shape': (1, ${values.length}), }`;
	const padded = `${header.padEnd(117)}\n`;
	const head = Buffer.from("\x93NUMPY\x01\x00\0\0", "latin1");
	head.writeUInt16LE(padded.length, 8);
	return Buffer.concat([head, Buffer.from(padded), raw(values)]);
}

function raw(values: readonly number[]): Buffer {
	return Buffer.from(Int32Array.from(values).buffer);
}

function json({ code, stdout, stderr }: Finished): {
	readonly outputs: readonly {
		readonly name: string;
		readonly data: unknown;
	}[];
} {
	assert.equal(code, 0, stderr);
	return JSON.parse(stdout);
}

describe("saccade infer and models", () => {
	const cleanups: (() => void)[] = [];
	const own = { after: (clean: () => void) => cleanups.push(clean) };
	let repository = "";
	let scratch = "";
	let serving: Serving;
	before(async () => {
		repository = makeModelRepository(own, "simple", "simple_string", "mlp");
		scratch = mkdtempSync(join(tmpdir(), "saccade-infer-"));
		cleanups.push(() => rmSync(scratch, { recursive: true, force: true }));
		serving = await serve(own, [
			`--model-repository=${repository}`,
			"--model-control-mode=explicit",
			"--load-model=simple",
			"--load-model=simple_string",
		]);
	});
	after(() => {
		for (const clean of cleanups.reverse()) clean();
	});

	const file = (name: string, content: string | Buffer): string => {
		const path = join(scratch, name);
		writeFileSync(path, content);
		return path;
	};
	const targets = () =>
		[
			["here", ["-r", repository]],
			["on the server", ["-u", serving.http]],
		] as const;

	for (const [kind, name, content] of [
		["an .npy array", "a.npy", npy(VALUES)],
		["a .json array", "a.json", JSON.stringify([VALUES])],
		[
			"a .json object with its shape",
			"b.json",
			JSON.stringify({ shape: [1, 16], data: VALUES }),
		],
		["raw bytes", "a.raw", raw(VALUES)],
	] as const)
		test(`reads ${kind}, with the same answer here and on the server`, async () => {
			const input = file(name, content);
			const ones = file("ones.npy", npy(ONES));
			for (const [, target] of targets()) {
				const { outputs } = json(
					await saccade([
						"infer",
						"simple",
						...target,
						"-i",
						`INPUT1=${ones}`,
						input,
						"--json",
					]),
				);
				assert.deepEqual(
					outputs[0]?.data,
					VALUES.map((value) => value + 1),
				);
				assert.deepEqual(
					outputs[1]?.data,
					VALUES.map((value) => value - 1),
				);
			}
		});

	test("takes zeros for what has no file, and prints a table", async () => {
		for (const [, target] of targets()) {
			const { code, stdout } = await saccade(["infer", "simple", ...target]);
			assert.equal(code, 0);
			assert.match(
				stdout,
				/^simple version 1, [\d.]+ ms\n\noutput +type +shape +values\n/,
			);
			assert.match(
				stdout,
				/OUTPUT0 +INT32 +\[1,16\] +0, 0, 0, 0, 0, 0, 0, 0, …/,
			);
		}
	});

	test("prints every value when asked to", async () => {
		const { stdout } = await saccade([
			"infer",
			"simple",
			"-r",
			repository,
			"--full",
		]);
		assert.match(stdout, /OUTPUT0 +INT32 +\[1,16\] +(0, ){15}0\n/);
	});

	for (const [what, args, expected, text] of [
		["an unknown model", ["nope"], 1, /no model 'nope' in .*mlp, simple/],
		[
			"a file that is not there",
			["simple", "-i", "/nowhere.npy"],
			2,
			/\/nowhere\.npy cannot be read \(ENOENT\)/,
		],
		[
			"one file too many",
			["mlp", "-i", "a", "b"],
			2,
			/no input is left for 'b'/,
		],
		[
			"a shape of nothing",
			["mlp", "--shape", "x:1"],
			2,
			/--shape is name:sizes/,
		],
		[
			"a threshold that is none",
			["mlp", "--threshold=2"],
			2,
			/--threshold is between 0 and 1, got '2'/,
		],
		[
			"--out without a picture",
			["mlp", "--out=x.png"],
			2,
			/--out draws the boxes/,
		],
		[
			"here and there at once",
			["mlp", "-u", "127.0.0.1:1"],
			2,
			/give one of them/,
		],
	] as const)
		test(`with ${what} exits with ${expected} and says so`, async () => {
			const { code, stderr, stdout } = await saccade([
				"infer",
				...args,
				"-r",
				repository,
			]);
			assert.equal(code, expected, stderr);
			assert.match(stderr, text);
			assert.equal(stdout, "");
		});

	test("with a server that does not answer, or is none, exits with 1 and says so", async () => {
		const nobody = await saccade(["infer", "mlp", "-u", "127.0.0.1:1"]);
		assert.equal(nobody.code, 1);
		assert.match(nobody.stderr, /does not answer; is a server running there\?/);
		const metrics = await saccade(["infer", "mlp", "-u", serving.metrics]);
		assert.equal(metrics.code, 1);
		assert.match(metrics.stderr, /HTTP 404/);
	});

	test("a wrong element type or size names the input and what it takes", async () => {
		const words = file("words.json", '["a"]');
		const short = file("short.raw", raw([1, 2]));
		for (const [input, text] of [
			[words, /INPUT0|number/],
			[
				short,
				/short\.raw has 2 elements of INT32; input 'INPUT0' takes \[-1,16\]/,
			],
		] as const) {
			const { code, stderr } = await saccade([
				"infer",
				"simple",
				"-r",
				repository,
				"-i",
				input,
			]);
			assert.notEqual(code, 0);
			assert.match(stderr, text);
		}
	});

	test("models lists, shows and explains, here and on the server", async () => {
		for (const [, target] of targets()) {
			const list = await saccade(["models", "list", ...target, "--json"]);
			const rows = JSON.parse(list.stdout) as { name: string }[];
			assert.deepEqual(rows.map(({ name }) => name).sort(), [
				"mlp",
				"simple",
				"simple_string",
			]);
			const show = await saccade(["models", "show", "simple", ...target]);
			assert.match(show.stdout, /simple, versions 1, .*max_batch_size 8/);
			assert.match(show.stdout, /input +INPUT0 +INT32 +\[-1,16\]/);
			const explain = await saccade([
				"models",
				"explain",
				"simple",
				...target,
				"--json",
			]);
			assert.equal(JSON.parse(explain.stdout).config.max_batch_size, 8);
		}
	});

	test("models loads and unloads on the server", async () => {
		const on = ["-u", serving.http];
		const ready = async () =>
			(await fetch(`http://${serving.http}/v2/models/mlp/ready`)).status ===
			200;
		assert.equal(await ready(), false);
		const load = await saccade(["models", "load", "mlp", ...on]);
		assert.equal(load.stdout, "mlp is loaded\n");
		assert.equal(await ready(), true);
		const unload = await saccade(["models", "unload", "mlp", ...on, "--json"]);
		assert.deepEqual(JSON.parse(unload.stdout), {
			model: "mlp",
			state: "unloaded",
		});
		assert.equal(await ready(), false);
	});

	test("models load without a server is a usage error; of an unknown model it fails", async () => {
		const here = await saccade(["models", "load", "mlp", "-r", repository]);
		assert.equal(here.code, 2);
		assert.match(here.stderr, /--url/);
		const unknown = await saccade([
			"models",
			"load",
			"nope",
			"-u",
			serving.http,
		]);
		assert.equal(unknown.code, 1);
		assert.match(unknown.stderr, /nope|poll/);
	});
});
